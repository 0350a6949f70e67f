import CVMCrypto
import SEV

/// How the platform makes its own keys.
extension SecureProcessor {
  /// OCA, PEK and PDH, each new one forcing the next. SIG1 of the PEK is the OCA's, SIG2 the CEK's, as on
  /// real chips.
  func freshKeys(_ entropy: any Entropy) throws(CommandFailure) -> PlatformKeys {
    try hardware { () throws(CryptoError) in
      let ocaKey = try entropy.p384Key()
      var oca = try certificate(.oca, .ecdsaSHA256, ocaKey)
      try oca.sign(.first, as: .oca, with: ocaKey)
      let pekKey = try entropy.p384Key()
      var pek = try certificate(.pek, .ecdsaSHA256, pekKey)
      try pek.sign(.first, as: .oca, with: ocaKey)
      try pek.sign(.second, as: .cek, with: chip.cekKey())
      let (pdh, pdhScalar) = try freshPDH(signedBy: pekKey, entropy)
      return PlatformKeys(
        oca: oca.serialized(), pek: pek.serialized(), pekScalar: try pekKey.scalar(), pdh: pdh,
        pdhScalar: pdhScalar)
    }
  }

  func freshPDH(
    signedBy pekKey: P384.PrivateKey, _ entropy: any Entropy
  ) throws(CryptoError) -> (pdh: [UInt8], scalar: SecretBytes) {
    let key = try entropy.p384Key()
    var pdh = try certificate(.pdh, .ecdhSHA256, key)
    try pdh.sign(.first, as: .pek, with: pekKey)
    return (pdh.serialized(), try key.scalar())
  }

  private func certificate(
    _ usage: CertificateUsage, _ algorithm: CertificateAlgorithm, _ key: P384.PrivateKey
  ) throws(CryptoError) -> SEVCertificate {
    try SEVCertificate(
      usage: usage, algorithm: algorithm, publicKey: .p384(key.publicKey), apiMajor: model.apiMajor,
      apiMinor: model.apiMinor)
  }
}
