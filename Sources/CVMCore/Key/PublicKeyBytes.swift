import PostQuantum
import Bytes

/// The public half of a signing key.
///
/// | algorithm | bytes                                                         | file                              |
/// |-----------|---------------------------------------------------------------|-----------------------------------|
/// | ed25519   | 32, RFC 8032                                                  | PEM of RFC 8410                   |
/// | p384      | 97: 04, x, y, big-endian (SEC 1, section 2.3.3)               | PEM of RFC 5480                   |
/// | hybrid    | 1984: ML-DSA-65's, then Ed25519's (`CompositeSignature`)      | the bytes as they are             |
struct PublicKeyBytes: Equatable {
  let algorithm: KeyAlgorithm
  let bytes: [UInt8]

  init(_ algorithm: KeyAlgorithm, _ bytes: [UInt8]) {
    self.algorithm = algorithm
    self.bytes = bytes
  }

  /// As a file of the field has it; of an algorithm without a standard one, the bytes.
  var file: [UInt8] {
    guard let prefix else { return bytes }
    let text = Base64.encode(prefix + bytes)
    var lines = ""
    var rest = text[...]
    while !rest.isEmpty {
      lines += rest.prefix(64) + "\n"
      rest = rest.dropFirst(64)
    }
    return Array("-----BEGIN PUBLIC KEY-----\n\(lines)-----END PUBLIC KEY-----\n".utf8)
  }

  /// SubjectPublicKeyInfo (RFC 5280, section 4.1) up to the key itself.
  private var prefix: [UInt8]? {
    switch algorithm {
    // SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING }
    case .ed25519: [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    // SEQUENCE { SEQUENCE { 1.2.840.10045.2.1, 1.3.132.0.34 }, BIT STRING }
    case .p384:
      [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B, 0x81,
        0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
      ]
    case .hybrid, .aes256, .aes128, .opaque: nil
    }
  }
}
