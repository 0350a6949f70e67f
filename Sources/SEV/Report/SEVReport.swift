package import Bytes
package import CVMCrypto

/// The attestation report of a SEV or SEV-ES guest, signed by the platform's PEK. Little-endian. Source:
/// AMD 55766, ATTESTATION.
///
/// | offset | size | field         | Swift         |
/// |-------:|-----:|---------------|---------------|
/// |   0x00 |   16 | MNONCE        | `nonce`       |
/// |   0x10 |   32 | LAUNCH_DIGEST | `digest`      |
/// |   0x30 |    4 | POLICY        | `policy`      |
/// |   0x34 |    4 | SIG_USAGE     | `usage`       |
/// |   0x38 |    4 | SIG_ALGO      | `algorithm`   |
/// |   0x3C |    4 | reserved      | `reserved`    |
/// |   0x40 |   72 | R             | `r`           |
/// |   0x88 |   72 | S             | `s`           |
///
/// The signature is ECDSA P-384 with SHA-256 over the bytes 0x00 to 0x33 alone. What lies behind them is
/// kept as it is and must be checked by the verifier, since nothing else protects it.
package struct SEVReport: Equatable, Sendable {
  package static let size = 0xD0
  package static let nonceSize = 16

  /// Chosen by who asked for the report.
  package let nonce: [UInt8]
  package let digest: [UInt8]
  package let policy: SEVPolicy
  package let usage: UInt32
  package let algorithm: UInt32
  package let reserved: UInt32
  /// 72 bytes little-endian, as stored.
  package let r: [UInt8]
  package let s: [UInt8]

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "SEV attestation report", size: Self.size)
    nonce = try cursor.array(Self.nonceSize)
    digest = try cursor.array(SEVLaunchDigest.size)
    policy = SEVPolicy(rawValue: try cursor.littleEndian())
    usage = try cursor.littleEndian()
    algorithm = try cursor.littleEndian()
    reserved = try cursor.littleEndian()
    r = try cursor.array(ECDSAField.size)
    s = try cursor.array(ECDSAField.size)
    try cursor.finish()
  }

  /// A signed report, as the firmware makes it. Throws `.invalidInput` unless `nonce` has 16 bytes and
  /// `digest` 32.
  package init(
    nonce: [UInt8], digest: [UInt8], policy: SEVPolicy, signedBy pek: P384.PrivateKey
  ) throws(CryptoError) {
    guard nonce.count == Self.nonceSize, digest.count == SEVLaunchDigest.size else {
      throw .invalidInput("report nonce or launch digest of a wrong length")
    }
    self.nonce = nonce
    self.digest = digest
    self.policy = policy
    usage = CertificateUsage.pek.rawValue
    algorithm = CertificateAlgorithm.ecdsaSHA256.rawValue
    reserved = 0
    let signature = try pek.sign(Self.signedBytes(nonce, digest, policy), hash: .sha256)
    r = ECDSAField.encode(signature.r)
    s = ECDSAField.encode(signature.s)
  }

  package func serialized() -> [UInt8] {
    signedBytes + usage.littleEndianBytes + algorithm.littleEndianBytes + reserved.littleEndianBytes + r + s
  }

  package var signedBytes: [UInt8] { Self.signedBytes(nonce, digest, policy) }

  private static func signedBytes(_ nonce: [UInt8], _ digest: [UInt8], _ policy: SEVPolicy) -> [UInt8] {
    nonce + digest + policy.rawValue.littleEndianBytes
  }

  /// The signature's numbers; throws for bytes above P-384's 48 and for numbers out of range.
  package func signature() throws(ECDSAField.Defect) -> ECDSASignature {
    try ECDSAField.signature(r: r, s: s)
  }
}
