internal import Bytes

/// The start of an IGVM file. Little-endian. Source: IGVM file format, IGVM_FIXED_HEADER and _V2.
///
/// | offset | size | field                  | must be                                          |
/// |-------:|-----:|------------------------|--------------------------------------------------|
/// |   0x00 |    4 | magic                  | `IGVM`                                           |
/// |   0x04 |    4 | format_version         | 1 or 2                                           |
/// |   0x08 |    4 | variable_header_offset | a multiple of 8 behind this header               |
/// |   0x0C |    4 | variable_header_size   | ends before the file does                        |
/// |   0x10 |    4 | total_file_size        | the file's                                       |
/// |   0x14 |    4 | checksum               | CRC-32 of this header with a zero here, and of   |
/// |        |      |                        | the variable headers                             |
/// |   0x18 |    4 | architecture           | version 2: 0, x86-64                             |
/// |   0x1C |    4 | page_size              | version 2: 4096                                  |
struct IGVMFixedHeader {
  static let magic: UInt32 = 0x4D56_4749
  private static let checksumOffset = 0x14

  let version: UInt32
  /// Where the variable headers lie in the file.
  let headers: Range<Int>

  init(_ cursor: inout ByteCursor, of bytes: [UInt8]) throws(FormatError) {
    try cursor.require(Self.magic, field: "magic")
    version = try Self.version(&cursor)
    headers = try Self.headers(&cursor, size: version == 1 ? 0x18 : 0x20, end: bytes.count)
    let checksum: UInt32 = try cursor.littleEndian()
    if version == 2 {
      try cursor.require(UInt32(0), field: "architecture")
      try cursor.require(UInt32(SNPDigest.pageSize), field: "page_size")
    }
    var fixed = bytes[..<cursor.offset]
    for index in Self.checksumOffset..<Self.checksumOffset + 4 { fixed[index] = 0 }
    guard CRC32.checksum(fixed, bytes[headers]) == checksum else {
      throw FormatError(
        cursor.format, at: Self.checksumOffset,
        .invalid(field: "checksum", reason: "not the CRC-32 of the headers"))
    }
  }

  private static func version(_ cursor: inout ByteCursor) throws(FormatError) -> UInt32 {
    let start = cursor.offset
    let version: UInt32 = try cursor.littleEndian()
    guard (1...2).contains(version) else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "format_version", found: UInt64(version), expected: "1 or 2"))
    }
    return version
  }

  private static func headers(
    _ cursor: inout ByteCursor, size: Int, end: Int
  ) throws(FormatError) -> Range<Int> {
    let start = cursor.offset
    let (first, count): (UInt32, UInt32) = (try cursor.littleEndian(), try cursor.littleEndian())
    guard first % 8 == 0, Int(first) >= size else {
      throw FormatError(
        cursor.format, at: start,
        .invalid(field: "variable_header_offset", reason: "not a multiple of 8 behind the fixed header"))
    }
    guard Int(first) < end, Int(count) < end - Int(first) else {
      throw FormatError(
        cursor.format, at: start + 4,
        .invalid(field: "variable_header_size", reason: "reaches the end of the file: no data follows"))
    }
    let total = cursor.offset
    guard Int(try cursor.littleEndian(UInt32.self)) == end else {
      throw FormatError(
        cursor.format, at: total, .invalid(field: "total_file_size", reason: "not the size of the file"))
    }
    return Int(first)..<Int(first) + Int(count)
  }
}

/// A variable header: its type and where its content lies. Headers start at multiples of 8; what fills up to the next is zero.
///
/// | offset | size | field                                       |
/// |-------:|-----:|---------------------------------------------|
/// |   0x00 |    4 | type; bit 31: who does not know it skips it |
/// |   0x04 |    4 | length of the content                       |
struct IGVMHeader {
  let type: UInt32
  let isOptional: Bool
  /// Of the header in the file.
  let offset: Int
  let length: Int

  static let platforms: ClosedRange<UInt32> = 0x001...0x100
  static let initializations: ClosedRange<UInt32> = 0x101...0x200
  static let directives: ClosedRange<UInt32> = 0x301...0x400

  /// Reads type and length; the cursor is then at the content.
  init(_ cursor: inout ByteCursor, end: Int) throws(FormatError) {
    offset = cursor.offset
    let raw: UInt32 = try cursor.littleEndian()
    type = raw & 0x7FFF_FFFF
    isOptional = raw >> 31 == 1
    let count: UInt32 = try cursor.littleEndian()
    guard cursor.offset <= end, Int(count) <= end - cursor.offset else {
      throw FormatError(
        cursor.format, at: offset, .invalid(field: "length", reason: "reaches behind the variable headers"))
    }
    length = Int(count)
  }

  /// Throws unless the content has this length.
  func require(_ expected: Int, _ cursor: ByteCursor) throws(FormatError) {
    guard length == expected else {
      throw FormatError(cursor.format, at: offset, .wrongSize(expected: expected, found: length))
    }
  }

  /// Passes over the zeros up to the next header.
  func finish(_ cursor: inout ByteCursor, end: Int) throws(FormatError) {
    let padding = (8 - length % 8) % 8
    try cursor.zeros(min(padding, end - cursor.offset), field: "padding")
  }
}

/// CRC-32 as zlib computes it (ISO 3309, reflected, polynomial 0xEDB88320).
enum CRC32 {
  static func checksum(_ parts: ArraySlice<UInt8>...) -> UInt32 {
    let table = (0..<256).map(entry)
    var value = ~UInt32(0)
    for part in parts {
      for byte in part {
        let index = Int(UInt8(truncatingIfNeeded: value) ^ byte)
        value = table[index] ^ (value >> 8)
      }
    }
    return ~value
  }

  private static func entry(_ byte: Int) -> UInt32 {
    var value = UInt32(truncatingIfNeeded: byte)
    for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    return value
  }
}
