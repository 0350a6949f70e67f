internal import Bytes

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

  package static let empty = SignatureSlot(
    usage: CertificateUsage.none.rawValue, algorithm: CertificateAlgorithm.none.rawValue,
    signature: [UInt8](repeating: 0, count: signatureSize))

  /// Neither a usage nor an algorithm is claimed.
  package var isEmpty: Bool { claims == 0 }

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
