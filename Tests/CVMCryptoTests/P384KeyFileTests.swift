import Bytes
import CVMCrypto
import Testing

@Suite struct P384KeyFileTests {
  private static let scalar = [UInt8](1...48)
  private static let curve = hex("06052b81040022")

  /// RFC 5915, the curve named inside.
  private static func ec(_ curve: [UInt8] = curve, _ scalar: [UInt8] = scalar) -> [UInt8] {
    node(0x30, hex("020101") + node(0x04, scalar) + node(0xA0, curve))
  }

  /// RFC 5208, the curve named outside.
  private static func pkcs8(_ curve: [UInt8] = curve) -> [UInt8] {
    let key = node(0x30, hex("020101") + node(0x04, scalar))
    return node(
      0x30, hex("020100") + node(0x30, hex("06072a8648ce3d0201") + curve) + node(0x04, key))
  }

  private static func node(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    [tag, UInt8(content.count)] + content
  }

  private static func pem(_ label: String, _ bytes: [UInt8]) -> [UInt8] {
    var text = "-----BEGIN \(label)-----\n"
    var rest = Base64.encode(bytes)[...]
    while !rest.isEmpty {
      text += rest.prefix(64) + "\n"
      rest = rest.dropFirst(64)
    }
    return Array((text + "-----END \(label)-----\n").utf8)
  }

  private func read(_ bytes: [UInt8]) throws -> P384.PrivateKey {
    try P384.PrivateKey(file: SecretBytes(copying: bytes))
  }

  @Test func `every form of a key gives the key`() throws {
    let parameters = Self.pem("EC PARAMETERS", Self.curve)
    for file in [
      Self.ec(), Self.pkcs8(), Self.pem("EC PRIVATE KEY", Self.ec()), Self.pem("PRIVATE KEY", Self.pkcs8()),
      parameters + Self.pem("EC PRIVATE KEY", Self.ec()),
    ] {
      #expect(try read(file).scalar().revealed == Self.scalar)
    }
  }

  @Test func `another curve, another key and no key are refused`() throws {
    let p256 = hex("06082a8648ce3d030107")
    let encrypted =
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END EC PRIVATE KEY-----\n"
    for file in [
      Self.ec(p256, [UInt8](1...32)), Self.pem("EC PRIVATE KEY", Self.ec(p256, [UInt8](1...32))),
      Self.pem("CERTIFICATE", Self.ec()), Array(encrypted.utf8), [], [0x30], Self.scalar,
      Self.ec() + [0], Self.ec(Self.curve, [UInt8](repeating: 0, count: 48)),
      Self.ec(Self.curve, [UInt8](repeating: 0xFF, count: 48)), [UInt8](repeating: 0x30, count: 1 << 15),
    ] {
      #expect(throws: CryptoError.self) { try read(file) }
    }
  }

  @Test func `truncated files are refused`() {
    for file in [Self.ec(), Self.pkcs8()] {
      for count in 0..<file.count { #expect(throws: CryptoError.self) { try read(Array(file[..<count])) } }
    }
  }
}
