internal import Bytes
package import CVMCrypto

/// The key inside a SEV certificate, 0x404 bytes. Little-endian. Source: AMD 55766, appendix C.
///
/// | offset | size  | EC key                        | RSA key              |
/// |-------:|------:|-------------------------------|----------------------|
/// |  0x000 |     4 | CURVE: 1 = P-256, 2 = P-384   | MODULUS_SIZE in bits |
/// |  0x004 |    72 | QX                            | PUB_EXP (512 bytes)  |
/// |  0x04C |    72 | QY                            |                      |
/// |  0x094 | 0x370 | zero                          |                      |
/// |  0x204 | 0x200 |                               | MODULUS              |
///
/// Only P-384 is read: no AMD firmware seen makes a key on P-256.
package enum CertificateKey: Equatable, Sendable {
  case p384(P384.PublicKey)
  case rsa(RSAPSS.PublicKey)

  static let size = 0x404
  private static let p384: UInt32 = 2
  private static let rsaFieldSize = 0x200

  init(parsing cursor: inout ByteCursor, family: CertificateAlgorithm.Family) throws(FormatError) {
    switch family {
    case .ecdh, .ecdsa: self = try Self.elliptic(&cursor)
    case .rsa: self = try Self.rsa(&cursor)
    }
  }

  private static func elliptic(_ cursor: inout ByteCursor) throws(FormatError) -> CertificateKey {
    try cursor.require(p384, field: "CURVE")
    let key = try cursor.p384Point()
    try cursor.zeros(0x370, field: "PUBKEY reserved")
    return .p384(key)
  }

  private static func rsa(_ cursor: inout ByteCursor) throws(FormatError) -> CertificateKey {
    let start = cursor.offset
    let bits: UInt32 = try cursor.littleEndian()
    let exponent = try cursor.array(rsaFieldSize)
    let modulus = try cursor.array(rsaFieldSize)
    let key = RSAField.key(modulus: modulus, exponent: exponent)
    guard let key, bits == 2048 || bits == 4096, key.modulus.count == Int(bits / 8) else {
      throw FormatError(cursor.format, at: start, .invalid(field: "PUBKEY", reason: "not an RSA key"))
    }
    return .rsa(key)
  }

  func serialized() -> [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    switch self {
    case .p384(let key):
      writer.littleEndian(Self.p384)
      writer.append(ECDSAField.encode(key.x) + ECDSAField.encode(key.y))
    case .rsa(let key):
      writer.littleEndian(UInt32(key.modulus.count * 8))
      writer.append(RSAField.encode(key.exponent, size: Self.rsaFieldSize))
      writer.append(RSAField.encode(key.modulus, size: Self.rsaFieldSize))
    }
    writer.zeros(Self.size - writer.bytes.count)
    return writer.bytes
  }
}

/// How AMD's structures hold the numbers of an RSA key: little-endian, padded with zeros.
enum RSAField {
  static func encode(_ bigEndian: [UInt8], size: Int) -> [UInt8] {
    bigEndian.reversed() + [UInt8](repeating: 0, count: max(0, size - bigEndian.count))
  }

  /// From little-endian fields; nil where they are no usable key.
  static func key(modulus: [UInt8], exponent: [UInt8]) -> RSAPSS.PublicKey? {
    do {
      return try RSAPSS.PublicKey(modulus: modulus.reversed(), exponent: exponent.reversed())
    } catch {
      return nil
    }
  }
}
