/// Reads a format front to back, bounds-checked: every read either returns a value or throws a `FormatError`
/// with the offset.
package struct ByteCursor: Sendable {
  package let format: String
  package private(set) var offset: Int = 0
  private let bytes: [UInt8]

  package init(_ bytes: [UInt8], format: String) {
    self.bytes = bytes
    self.format = format
  }

  /// As `init(_:format:)`, for a format of one exact size.
  package init(_ bytes: [UInt8], format: String, size: Int) throws(FormatError) {
    guard bytes.count == size else {
      throw FormatError(format, at: 0, .wrongSize(expected: size, found: bytes.count))
    }
    self.init(bytes, format: format)
  }

  package var remaining: Int { bytes.count - offset }

  package mutating func array(_ count: Int) throws(FormatError) -> [UInt8] {
    guard count >= 0, count <= remaining else {
      throw FormatError(format, at: offset, .truncated(wanted: count, left: remaining))
    }
    let start = offset
    offset += count
    return Array(bytes[start..<offset])
  }

  /// Passes over `count` bytes.
  package mutating func skip(_ count: Int) throws(FormatError) {
    guard count >= 0, count <= remaining else {
      throw FormatError(format, at: offset, .truncated(wanted: count, left: remaining))
    }
    offset += count
  }

  package mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(
    _: T.Type = T.self
  ) throws(FormatError) -> T {
    let size = T.bitWidth / 8
    guard size <= remaining else {
      throw FormatError(format, at: offset, .truncated(wanted: size, left: remaining))
    }
    // Copied rather than shifted together: the arithmetic of a generic number is a call for each operator.
    var value: T = 0
    unsafe withUnsafeMutableBytes(of: &value) { unsafe $0.copyBytes(from: bytes[offset..<offset + size]) }
    offset += size
    return T(littleEndian: value)
  }

  /// Reads `count` bytes that the format wants zero.
  package mutating func zeros(_ count: Int, field: String) throws(FormatError) {
    let start = offset
    let found = try array(count)
    if let bad = found.firstIndex(where: { $0 != 0 }) {
      throw FormatError(format, at: start + bad, .notZero(field: field))
    }
  }

  /// Reads an integer that must have one value.
  package mutating func require<T: FixedWidthInteger & UnsignedInteger>(
    _ expected: T, field: String
  ) throws(FormatError) {
    let start = offset
    let found: T = try littleEndian()
    guard found == expected else {
      throw FormatError(
        format, at: start,
        .unexpected(field: field, found: UInt64(found), expected: "0x" + String(expected, radix: 16)))
    }
  }

  /// The end of the input: anything left is an error.
  package func finish() throws(FormatError) {
    guard remaining == 0 else { throw FormatError(format, at: offset, .trailing(count: remaining)) }
  }
}
