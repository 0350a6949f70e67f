import Bytes
import CVMCrypto

/// Which token of PKCS#11 seals the root key, with an AES key `cvmctl-root` that does not leave it. Little-endian.
///
/// | offset | size | field  | content                                  |
/// |-------:|-----:|--------|------------------------------------------|
/// |   0x00 |    2 | LABEL  | its size, 1...32                         |
/// |   0x02 |    2 | MODULE | its size, 1...1024                       |
/// |   0x04 |    n | label  | the token's label, UTF-8 without zeros   |
/// |  +0x00 |    m | module | the module's absolute path, likewise     |
package struct TokenSeal: Equatable, Sendable {
  static let keyName = "cvmctl-root"
  static let sizes = 6...(4 + 32 + 1024)

  package let label: String
  package let module: String

  package init(label: String, module: String) throws(VaultError) {
    guard Self.isText(label, 32), Self.isText(module, 1024), module.hasPrefix("/") else {
      throw .crypto(.invalidInput("a token's label of 1 to 32 bytes, and a module by its absolute path"))
    }
    self.label = label
    self.module = module
  }

  init(parsing bytes: [UInt8], at base: Int) throws(FormatError) {
    var cursor = ByteCursor(bytes, format: SealedRootKey.format)
    let (labelSize, moduleSize): (UInt16, UInt16) = (try cursor.littleEndian(), try cursor.littleEndian())
    guard 4 + Int(labelSize) + Int(moduleSize) == bytes.count else {
      throw FormatError(
        SealedRootKey.format, at: base, .invalid(field: "LABEL", reason: "not as long as all of it"))
    }
    let label = String(validating: try cursor.array(Int(labelSize)), as: UTF8.self)
    let module = String(validating: try cursor.array(Int(moduleSize)), as: UTF8.self)
    try cursor.finish()
    guard let label, Self.isText(label, 32) else {
      throw FormatError(SealedRootKey.format, at: base, .invalid(field: "LABEL", reason: "no label"))
    }
    guard let module, Self.isText(module, 1024), module.hasPrefix("/") else {
      throw FormatError(SealedRootKey.format, at: base + 2, .invalid(field: "MODULE", reason: "no path"))
    }
    self.label = label
    self.module = module
  }

  func serialized() -> [UInt8] {
    let (label, module) = (Array(label.utf8), Array(module.utf8))
    return UInt16(truncatingIfNeeded: label.count).littleEndianBytes
      + UInt16(truncatingIfNeeded: module.count).littleEndianBytes + label + module
  }

  private static func isText(_ text: String, _ limit: Int) -> Bool {
    (1...limit).contains(text.utf8.count) && !text.utf8.contains(0)
  }
}
