package import Bytes
import StateStore

/// A moment as a user writes it: RFC 3339, a day (`2026-11-25`, its beginning in UTC), or how long ago (`30m`, `12h`, `7d`).
package struct AuditMoment: Equatable, Sendable {
  package let moment: Timestamp

  package init(_ text: String, now: Timestamp = .now()) throws(CoreError) {
    if let moment = Timestamp(text) ?? Timestamp(text + "T00:00:00Z") ?? Self.ago(text, now) {
      self.moment = moment
    } else {
      throw .usage(
        "'\(text)' is no moment", hint: "as 2026-11-25T09:30:00Z, 2026-11-25, or 30s, 30m, 12h, 7d ago")
    }
  }

  private static func ago(_ text: String, _ now: Timestamp) -> Timestamp? {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = UInt32(text.dropLast()),
      text.utf8.first != UInt8(ascii: "+")
    else { return nil }
    return Timestamp(microseconds: now.microseconds - Int64(count) * unit * 1_000_000)
  }
}
