import Bytes
import Glibc

/// Compares records with their columns by the bytes of the encoding (`AuditEncoding`), without decoding: a million in a
/// part of the time that their hashes take.
struct AuditColumns {
  /// The day of the last record and its text, `2026-11-24T`: records of a day stand together.
  private var day: (number: Int64, text: [UInt8]) = (.min, [])

  /// Whether the record is in canonical form up to its detail, and says what its columns say: from column `first` on
  /// seq, time, tenant, actor, act, object, phase, attempt, outcome. False also where a text holds anything that JSON
  /// escapes, which takes a decoder.
  mutating func fit(
    _ record: UnsafeRawBufferPointer, _ row: borrowing Row, first: Int
  ) throws(StoreError) -> Bool {
    var rest = unsafe Rest(bytes: record)
    guard rest.take("{\"v\":1,\"seq\":"), rest.take(number: try row.integer(first)),
      rest.take(",\"time\":\""), take(time: try row.integer(first + 1), &rest)
    else { return false }
    for (index, name) in Self.texts.enumerated() {
      guard rest.take(name), try Self.take(text: first + 2 + index, row, &rest) else { return false }
    }
    if let attempt = try row.optionalInteger(first + 7) {
      guard rest.take("\",\"attempt\":"), rest.take(number: attempt),
        rest.take(",\"outcome\":\"")
      else { return false }
    } else {
      guard rest.take("\",\"outcome\":\"") else { return false }
    }
    return try Self.take(text: first + 8, row, &rest) && rest.take("\",\"detail\":{") && rest.endsObject
  }

  private static let texts: [StaticString] = [
    "\",\"tenant\":\"", "\",\"actor\":\"", "\",\"act\":\"", "\",\"object\":\"", "\",\"phase\":\"",
  ]

  private static func take(
    text column: Int, _ row: borrowing Row, _ rest: inout Rest
  ) throws(StoreError) -> Bool {
    var found = rest
    let fits = try row.withText(column) { (text) throws(StoreError) in unsafe found.take(plain: text) }
    rest = found
    return fits
  }

  /// Milliseconds, as `Timestamp.description` has them.
  private mutating func take(time microseconds: Int64, _ rest: inout Rest) -> Bool {
    let (number, left) = Timestamp.dayAndTime(microseconds)
    if number != day.number {
      guard let midnight = Timestamp(microseconds: microseconds) else { return false }
      day = (number, Array(midnight.description.utf8.prefix(11)))
    }
    guard rest.take(day.text) else { return false }
    let time = left / 1000
    return rest.take(digits: time / 3_600_000, 2) && rest.take(":")
      && rest.take(digits: time / 60_000 % 60, 2)
      && rest.take(":") && rest.take(digits: time / 1000 % 60, 2) && rest.take(".")
      && rest.take(digits: time % 1000, 3) && rest.take("Z")
  }
}

/// What of a record has not been compared yet.
@safe private struct Rest {
  private var next: UnsafePointer<UInt8>?
  private var count: Int

  @unsafe init(bytes: UnsafeRawBufferPointer) {
    unsafe next = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    count = bytes.count
  }

  mutating func take(_ text: StaticString) -> Bool {
    unsafe take(text.utf8Start, text.utf8CodeUnitCount)
  }

  mutating func take(_ bytes: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return true }
      return unsafe take(start, bytes.count)
    }
  }

  /// Text that stands in JSON as it is.
  mutating func take(plain text: UnsafeRawBufferPointer) -> Bool {
    let isPlain = unsafe text.allSatisfy { byte in
      byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
    guard isPlain, let start = text.baseAddress else { return isPlain }
    return unsafe take(start.assumingMemoryBound(to: UInt8.self), text.count)
  }

  /// A number from 0 on, without leading zeros.
  mutating func take(number: Int64) -> Bool {
    guard number >= 0 else { return false }
    var (width, limit) = (1, number / 10)
    while limit > 0 { (width, limit) = (width + 1, limit / 10) }
    return take(digits: number, width)
  }

  /// The last `width` digits of a number.
  mutating func take(digits number: Int64, _ width: Int) -> Bool {
    guard width <= count, let start = unsafe next else { return false }
    var left = number
    for index in stride(from: width - 1, through: 0, by: -1) {
      guard unsafe start[index] == UInt8(truncatingIfNeeded: 0x30 + left % 10) else { return false }
      left /= 10
    }
    unsafe next = start + width
    count -= width
    return true
  }

  /// The detail's end and the record's are the last bytes.
  var endsObject: Bool {
    guard count >= 2, let start = unsafe next else { return false }
    return unsafe start[count - 1] == UInt8(ascii: "}") && start[count - 2] == UInt8(ascii: "}")
  }

  private mutating func take(_ other: UnsafePointer<UInt8>, _ size: Int) -> Bool {
    guard size <= count, let start = unsafe next, unsafe memcmp(start, other, size) == 0 else { return false }
    unsafe next = start + size
    count -= size
    return true
  }
}
