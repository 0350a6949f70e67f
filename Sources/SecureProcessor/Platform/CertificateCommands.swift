import CVMCrypto
import SEV

extension SecureProcessor {
  /// PEK_GEN: a new self-made OCA, PEK and PDH. Only without guests.
  package mutating func pekGenerate(entropy: any Entropy) throws(CommandFailure) {
    try requirePlatform(.initialized)
    platform.keys = try freshKeys(entropy)
  }

  /// PDH_GEN: a new PDH. Guests do not notice; a session that was made for the old one can no longer be
  /// launched.
  package mutating func pdhGenerate(entropy: any Entropy) throws(CommandFailure) {
    try requirePlatform(.initialized, .working)
    guard var keys = platform.keys else { throw CommandFailure(.invalidPlatformState) }
    (keys.pdh, keys.pdhScalar) = try hardware { () throws(CryptoError) in
      try freshPDH(signedBy: P384.PrivateKey(scalar: keys.pekScalar), entropy)
    }
    platform.keys = keys
  }

  /// PEK_CSR: the PEK's body with empty signatures, for an owner to sign. `length` is the size of the
  /// caller's buffer.
  package func pekCSR(length: Int = SEVCertificate.size) throws(CommandFailure) -> [UInt8] {
    try requirePlatform(.initialized, .working)
    try require(buffers: [length], atLeast: [SEVCertificate.size])
    guard let bytes = platform.keys?.pek, var csr = try? SEVCertificate(parsing: bytes) else {
      throw CommandFailure(.invalidPlatformState)
    }
    csr.place(.empty, in: .first)
    csr.place(.empty, in: .second)
    return csr.serialized()
  }

  /// PDH_CERT_EXPORT: the PDH, and PEK, OCA and *unsigned* CEK one after another, all as bytes. The lengths
  /// are the sizes of the caller's two buffers.
  package func pdhCertificateExport(
    pdhLength: Int = SEVCertificate.size, chainLength: Int = 3 * SEVCertificate.size
  ) throws(CommandFailure) -> (pdh: [UInt8], chain: [UInt8]) {
    try requirePlatform(.initialized, .working)
    try require(
      buffers: [pdhLength, chainLength], atLeast: [SEVCertificate.size, 3 * SEVCertificate.size])
    guard let keys = platform.keys else { throw CommandFailure(.invalidPlatformState) }
    return (keys.pdh, keys.pek + keys.oca + chip.unsignedCEK)
  }
}
