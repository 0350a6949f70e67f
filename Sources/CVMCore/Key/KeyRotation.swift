import Bytes
import StateStore

/// When a key's version is due to be replaced: after so long, after so many uses, or never.
package struct KeyRotation: Equatable, Sendable {
  /// Seconds.
  package var after: Int64?
  package var maxUses: Int64?

  package init(after: Int64? = nil, maxUses: Int64? = nil) {
    self.after = after
    self.maxUses = maxUses
  }

  /// `90d`: a number and s, m, h, d or w; `never` is nil. One second to a hundred years.
  package static func age(_ text: String) throws(CoreError) -> Int64? {
    if text == "never" { return nil }
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    let digits = text.dropLast()
    guard let unit = text.last.flatMap({ units[$0] }), isNumber(digits), let count = Int64(digits),
      case let (seconds, isTooLarge) = count.multipliedReportingOverflow(by: unit), !isTooLarge,
      (1...3_155_760_000).contains(seconds)
    else {
      throw .usage("'\(text)' is no age", hint: "a number and s, m, h, d or w, such as 90d; or never")
    }
    return seconds
  }

  /// A number of uses; `never` is nil.
  package static func uses(_ text: String) throws(CoreError) -> Int64? {
    if text == "never" { return nil }
    guard isNumber(text[...]), let count = Int64(text), count > 0 else {
      throw .usage("'\(text)' is no number of uses", hint: "a number from 1 on; or never")
    }
    return count
  }

  private static func isNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// When a version made at this moment is due by its age; nil for never.
  func dueTime(madeAt: Timestamp) -> Timestamp? {
    guard let after, case let (micros, isTooLarge) = after.multipliedReportingOverflow(by: 1_000_000),
      !isTooLarge, case let (sum, overflows) = madeAt.microseconds.addingReportingOverflow(micros), !overflows
    else { return nil }
    return Timestamp(microseconds: sum)
  }

  /// Whether a version is due.
  func isDue(madeAt: Timestamp, uses: Int64, at now: Timestamp) -> Bool {
    if let time = dueTime(madeAt: madeAt), now >= time { return true }
    return maxUses.map { uses >= $0 } ?? false
  }
}
