import Bytes

/// The header of one regular file in a tar archive (POSIX.1-2017, pax, section "ustar Interchange Format").
///
/// | offset | size | field                      | content                                                        |
/// |-------:|-----:|----------------------------|----------------------------------------------------------------|
/// |   0x00 |  100 | name                       | ASCII, zeros behind it                                         |
/// |   0x64 |    8 | mode                       | `0000600`, zero                                                |
/// |   0x6C |   16 | uid, gid                   | `0000000`, zero, each                                          |
/// |   0x7C |   12 | size                       | 11 octal digits, zero                                          |
/// |   0x88 |   12 | mtime                      | seconds since 1970, likewise                                   |
/// |   0x94 |    8 | chksum                     | sum of all bytes, these being spaces: 6 octal digits, zero, space |
/// |   0x9C |    1 | typeflag                   | `0`                                                            |
/// |   0x9D |  100 | linkname                   | zeros                                                          |
/// |  0x101 |    8 | magic, version             | `ustar`, zero, `00`                                            |
/// |  0x109 |  247 | uname to the block's end   | zeros                                                          |
///
/// What is read has to be byte for byte what would be written.
struct TarHeader: Equatable, Sendable {
  static let blockSize = 512
  /// What 11 octal digits can say.
  static let sizes = 0...0o777_7777_7777

  let name: String
  let size: Int
  /// Seconds since 1970.
  let modified: Int

  init(name: String, size: Int, modified: Int) {
    self.name = name
    self.size = size
    self.modified = modified
  }

  /// - Parameter base: where the block is in the archive.
  init(parsing block: [UInt8], at base: Int) throws(FormatError) {
    func refuse(_ field: String, _ offset: Int) -> FormatError {
      FormatError("backup", at: base + offset, .invalid(field: field, reason: "not as cvmctl writes it"))
    }
    guard block.count == Self.blockSize else {
      throw FormatError("backup", at: base, .truncated(wanted: Self.blockSize, left: block.count))
    }
    let name = String(validating: block[..<100].prefix { $0 != 0 }, as: UTF8.self)
    guard let name, !name.isEmpty else { throw refuse("name", 0) }
    guard let size = Self.number(block[0x7C..<0x87]) else { throw refuse("size", 0x7C) }
    guard let modified = Self.number(block[0x88..<0x93]) else { throw refuse("mtime", 0x88) }
    self.init(name: name, size: size, modified: modified)
    let expected = serialized()
    if let place = zip(block, expected).enumerated().first(where: { $1.0 != $1.1 })?.offset {
      throw refuse("header", place)
    }
  }

  func serialized() -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    func put(_ text: String, _ offset: Int) {
      for (place, byte) in text.utf8.prefix(100).enumerated() { block[offset + place] = byte }
    }
    put(name, 0)
    put("0000600", 0x64)
    put("0000000", 0x6C)
    put("0000000", 0x74)
    put(Self.octal(size, 11), 0x7C)
    put(Self.octal(modified, 11), 0x88)
    put("        ", 0x94)
    put("0", 0x9C)
    put("ustar", 0x101)
    put("00", 0x107)
    let sum = block.reduce(0) { $0 + Int($1) }
    put(Self.octal(sum, 6), 0x94)
    block[0x9A] = 0
    return block
  }

  /// Bytes after the content that fill its last block.
  static func padding(after size: Int) -> Int { (blockSize - size % blockSize) % blockSize }

  private static func octal(_ value: Int, _ digits: Int) -> String {
    let text = String(value, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - UInt8(ascii: "0")) }
  }
}
