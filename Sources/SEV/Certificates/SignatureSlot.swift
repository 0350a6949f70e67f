internal import Bytes
package import CVMCrypto

/// One of a SEV certificate's two signatures, as it stands in the file: who signed it and how are claims
/// until they are verified.
///
/// | offset | size  | field     | Swift       |
/// |-------:|------:|-----------|-------------|
/// |  0x000 |     4 | SIG_USAGE | `usage`     |
/// |  0x004 |     4 | SIG_ALGO  | `algorithm` |
/// |  0x008 | 0x200 | SIG       | `signature` |
package struct SignatureSlot: Equatable, Sendable {
  static let size = 0x208
  static let signatureSize = 0x200

  /// The raw number, since a slot lies outside what is signed.
  package let usage: UInt32
  package let algorithm: UInt32
  package let signature: [UInt8]

  /// A signature shorter than the slot is padded with zeros; throws `.invalidInput` for a longer one.
  package init(usage: UInt32, algorithm: UInt32, signature: [UInt8]) throws(CryptoError) {
    guard signature.count <= Self.signatureSize else {
      throw .invalidInput("a certificate signature of \(signature.count) bytes")
    }
    self.init(usage: usage, algorithm: algorithm, padding: signature)
  }

  private init(usage: UInt32, algorithm: UInt32, padding signature: [UInt8]) {
    self.usage = usage
    self.algorithm = algorithm
    self.signature = signature + [UInt8](repeating: 0, count: Self.signatureSize - signature.count)
  }

  package static let empty = SignatureSlot(
    usage: CertificateUsage.none.rawValue, algorithm: CertificateAlgorithm.none.rawValue, padding: [])

  /// Neither a usage nor an algorithm is claimed.
  package var isEmpty: Bool { claims == 0 }

  /// An empty slot that is not all zero.
  package var isLittered: Bool { isEmpty && signature.contains { $0 != 0 } }

  /// Exactly one of the two is claimed, which the firmware takes for a bad signature.
  package var isHalfEmpty: Bool { claims == 1 }

  private var claims: Int {
    (usage == CertificateUsage.none.rawValue ? 0 : 1)
      + (algorithm == CertificateAlgorithm.none.rawValue ? 0 : 1)
  }

  func serialized() -> [UInt8] { usage.littleEndianBytes + algorithm.littleEndianBytes + signature }
}

extension SignatureSlot {
  init(parsing cursor: inout ByteCursor) throws(FormatError) {
    usage = try cursor.littleEndian()
    algorithm = try cursor.littleEndian()
    signature = try cursor.array(Self.signatureSize)
  }
}
