internal import Bytes

/// Reads XDR (RFC 4506) front to back: big-endian, everything padded with zeros to a multiple of four bytes.
/// What is read comes from outside: each read returns a value or throws with the offset.
///
/// | kind                | bytes                                                    |
/// |---------------------|----------------------------------------------------------|
/// | int, unsigned, enum | 4                                                        |
/// | unsigned hyper      | 8                                                        |
/// | fixed opaque        | its size, padding                                        |
/// | string              | count 4, its bytes, padding                              |
/// | optional            | 0 or 1 as unsigned; after 1 the value                    |
/// | array               | count 4, its elements                                    |
struct XDRReader: Sendable {
  let format: String
  private(set) var offset = 0
  private let bytes: [UInt8]

  init(_ bytes: [UInt8], format: String) {
    self.bytes = bytes
    self.format = format
  }

  var remaining: Int { bytes.count - offset }

  mutating func unsigned() throws(FormatError) -> UInt32 {
    let start = try take(4)
    var value: UInt32 = 0
    for index in start..<offset { value = value << 8 | UInt32(bytes[index]) }
    return value
  }

  mutating func int() throws(FormatError) -> Int32 { Int32(bitPattern: try unsigned()) }

  mutating func unsignedHyper() throws(FormatError) -> UInt64 {
    let high = try unsigned()
    return UInt64(high) << 32 | UInt64(try unsigned())
  }

  /// An integer that must have one value.
  mutating func require(_ expected: UInt32, field: String) throws(FormatError) {
    let start = offset
    let found = try unsigned()
    guard found == expected else {
      throw FormatError(
        format, at: start,
        .unexpected(field: field, found: UInt64(found), expected: "0x" + String(expected, radix: 16)))
    }
  }

  mutating func opaque(_ size: Int) throws(FormatError) -> [UInt8] { Array(bytes[try padded(size)]) }

  /// Text of at most `limit` bytes; what is not UTF-8 is repaired. libvirt's texts are C's: none holds a NUL.
  mutating func string(limit: Int) throws(FormatError) -> String {
    let start = offset
    let text = bytes[try padded(try count(limit: limit, each: 1))]
    guard !text.contains(0) else {
      throw FormatError(format, at: start, .invalid(field: "text", reason: "a NUL inside"))
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether an optional value follows.
  mutating func isPresent() throws(FormatError) -> Bool {
    let start = offset
    let flag = try unsigned()
    guard flag <= 1 else {
      throw FormatError(
        format, at: start, .unexpected(field: "optional", found: UInt64(flag), expected: "0 or 1"))
    }
    return flag == 1
  }

  /// How many elements follow: at most `limit`, each of at least `each` bytes, all within the input.
  mutating func count(limit: Int, each size: Int) throws(FormatError) -> Int {
    let start = offset
    let count = try unsigned()
    guard let count = Int(exactly: count), count <= limit, count <= remaining / size else {
      throw FormatError(format, at: start, .invalid(field: "count", reason: "larger than the format allows"))
    }
    return count
  }

  /// The end of the input: anything left is an error.
  func finish() throws(FormatError) {
    guard remaining == 0 else { throw FormatError(format, at: offset, .trailing(count: remaining)) }
  }

  /// Goes over `size` bytes and returns where they began.
  private mutating func take(_ size: Int) throws(FormatError) -> Int {
    guard size <= remaining else {
      throw FormatError(format, at: offset, .truncated(wanted: size, left: remaining))
    }
    defer { offset += size }
    return offset
  }

  /// Goes over `size` bytes and the zeros after them; returns where the bytes lie.
  private mutating func padded(_ size: Int) throws(FormatError) -> Range<Int> {
    let start = try take(size)
    let end = offset
    let padding = try take((4 - size % 4) % 4)
    guard bytes[padding..<offset].allSatisfy({ $0 == 0 }) else {
      throw FormatError(format, at: padding, .notZero(field: "padding"))
    }
    return start..<end
  }
}
