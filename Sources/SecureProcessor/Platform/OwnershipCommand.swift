import CVMCrypto
import SEV

extension SecureProcessor {
  /// PEK_CERT_IMPORT: an owner's OCA takes the place of the self-made one. `pek` is the answer to PEK_CSR,
  /// signed by `oca`. The CEK's signature of the PEK is kept; a new PDH is made.
  package mutating func pekCertificateImport(
    pek pekBytes: [UInt8], oca ocaBytes: [UInt8], entropy: any Entropy
  ) throws(CommandFailure) {
    try requirePlatform(.initialized)
    try require(!platform.isOwnedExternally, else: .alreadyOwned)
    try require(pekBytes.count == SEVCertificate.size, else: .invalidLength)
    try require(ocaBytes.count == SEVCertificate.size, else: .invalidLength)
    let oca = try Self.certificate(ocaBytes)
    try Self.requireSignature(of: oca, on: oca)
    let pek = try Self.certificate(pekBytes)
    try Self.requireSignature(of: oca, on: pek)
    guard let keys = platform.keys else { throw CommandFailure(.invalidPlatformState) }
    let current = try Self.certificate(keys.pek)
    try require(pek.body == current.body, else: .invalidCertificate)
    let endorsed = try Self.endorsed(pek, as: current)
    let (pdh, pdhScalar) = try hardware { () throws(CryptoError) in
      try freshPDH(signedBy: P384.PrivateKey(scalar: keys.pekScalar), entropy)
    }
    platform.keys = PlatformKeys(
      oca: ocaBytes, pek: endorsed.serialized(), pekScalar: keys.pekScalar, pdh: pdh, pdhScalar: pdhScalar)
    platform.isOwnedExternally = true
  }

  private static func certificate(_ bytes: [UInt8]) throws(CommandFailure) -> SEVCertificate {
    do { return try SEVCertificate(parsing: bytes) } catch { throw CommandFailure(.invalidCertificate) }
  }

  /// The signature first, then what the parent may do.
  private static func requireSignature(
    of oca: SEVCertificate, on certificate: SEVCertificate
  ) throws(CommandFailure) {
    do { try certificate.checkSignature(by: oca.signer) } catch { throw CommandFailure(error.status) }
    try require(oca.usage == .oca, else: .invalidCertificate)
  }

  /// The CEK's signature of the current PEK in the free slot of the imported one.
  private static func endorsed(
    _ pek: SEVCertificate, as current: SEVCertificate
  ) throws(CommandFailure) -> SEVCertificate {
    guard
      let free = pek.slots.firstIndex(where: \.isEmpty).flatMap(SEVCertificate.SlotNumber.init(rawValue:)),
      let byCEK = current.slots.first(where: { $0.usage == CertificateUsage.cek.rawValue })
    else { throw CommandFailure(.invalidCertificate) }
    var endorsed = pek
    endorsed.place(byCEK, in: free)
    return endorsed
  }
}
