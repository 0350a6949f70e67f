import Attestation
import CVMCrypto
import SEV

/// A platform with keys of our own, signed as a real one. Each certificate can be replaced before the
/// files are made.
struct TestPlatform {
  /// Made once: RSA keys take a noticeable time.
  private static let rsaKeys = Result {
    (ark: try RSAPSS.PrivateKey(bits: 2048), ask: try RSAPSS.PrivateKey(bits: 2048))
  }

  let arkKey, askKey: RSAPSS.PrivateKey
  let cekKey, ocaKey, pekKey, pdhKey: P384.PrivateKey
  var ark, ask: CACertificate
  var cek, oca, pek, pdh: SEVCertificate

  init(arkID: [UInt8] = counting(from: 0x10, 16), askID: [UInt8] = counting(from: 0x40, 16)) throws {
    (arkKey, askKey) = try Self.rsaKeys.get()
    (cekKey, ocaKey) = (try P384.PrivateKey(), try P384.PrivateKey())
    (pekKey, pdhKey) = (try P384.PrivateKey(), try P384.PrivateKey())
    ark = try CACertificate(keyID: arkID, certifyingID: arkID, usage: .ark, key: arkKey.publicKey)
    try ark.sign(with: arkKey)
    ask = try CACertificate(keyID: askID, certifyingID: arkID, usage: .ask, key: askKey.publicKey)
    try ask.sign(with: arkKey)
    cek = try Self.certificate(.cek, .ecdsaSHA256, cekKey)
    try cek.sign(.first, as: .ask, with: askKey)
    oca = try Self.certificate(.oca, .ecdsaSHA256, ocaKey)
    try oca.sign(.first, as: .oca, with: ocaKey)
    pek = try Self.certificate(.pek, .ecdsaSHA256, pekKey)
    try pek.sign(.first, as: .oca, with: ocaKey)
    try pek.sign(.second, as: .cek, with: cekKey)
    pdh = try Self.certificate(.pdh, .ecdhSHA256, pdhKey)
    try pdh.sign(.first, as: .pek, with: pekKey)
  }

  /// As a simulated AMD-SP marks its roots.
  static func simulated() throws -> TestPlatform {
    try TestPlatform(arkID: SimulatedRoots.arkID, askID: SimulatedRoots.askID)
  }

  static func certificate(
    _ usage: CertificateUsage, _ algorithm: CertificateAlgorithm, _ key: P384.PrivateKey, minor: UInt8 = 22
  ) throws -> SEVCertificate {
    try SEVCertificate(
      usage: usage, algorithm: algorithm, publicKey: .p384(key.publicKey), apiMajor: 0, apiMinor: minor)
  }

  /// The CEK as the firmware exports it.
  func unsignedCEK() throws -> SEVCertificate { try Self.certificate(.cek, .ecdsaSHA256, cekKey) }

  var sev: [UInt8] { pdh.serialized() + pek.serialized() + oca.serialized() + cek.serialized() }
  var ca: [UInt8] { ask.serialized() + ark.serialized() }

  func chain(importedCEK: SEVCertificate? = nil) throws -> PlatformChain {
    try PlatformChain(sev: sev, ca: ca, importedCEK: importedCEK?.serialized())
  }

  /// Trust in this platform's root certificate.
  func anchors() throws -> TrustAnchors { try .rootFile(ark.serialized()) }
}

extension ChainResult {
  func result(_ id: String) -> Check.Result? { checks.first { $0.id == id }?.result }
  func reason(_ id: String) -> String? { checks.first { $0.id == id }?.reason }
  var failures: [String] { checks.filter { $0.result == .fail }.map(\.id) }
}
