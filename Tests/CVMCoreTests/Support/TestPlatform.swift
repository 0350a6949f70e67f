import Attestation
import CVMCore
import CVMCrypto
import SEV

/// A platform with keys of our own, signed as a real one; its root is marked as simulated ones are, unless it has another name.
struct TestPlatform {
  /// Made once: RSA keys take a noticeable time.
  private static let rsaKeys = Result {
    (ark: try RSAPSS.PrivateKey(bits: 2048), ask: try RSAPSS.PrivateKey(bits: 2048))
  }

  let pdhKey: P384.PrivateKey
  let ask, ark: CACertificate
  /// As AMD signed it.
  let cek: SEVCertificate
  let oca: SEVCertificate
  var pek, pdh: SEVCertificate
  /// As a host presents it.
  var hostCEK: SEVCertificate
  var maxGuests: UInt32 = 10
  var maxESGuests: UInt32 = 5

  init(arkID: [UInt8] = SimulatedRoots.arkID, askID: [UInt8] = SimulatedRoots.askID) throws {
    let keys = try Self.rsaKeys.get()
    let (cekKey, ocaKey, pekKey) = (try P384.PrivateKey(), try P384.PrivateKey(), try P384.PrivateKey())
    pdhKey = try P384.PrivateKey()
    var ark = try CACertificate(keyID: arkID, certifyingID: arkID, usage: .ark, key: keys.ark.publicKey)
    try ark.sign(with: keys.ark)
    var ask = try CACertificate(keyID: askID, certifyingID: arkID, usage: .ask, key: keys.ask.publicKey)
    try ask.sign(with: keys.ark)
    var cek = try Self.certificate(.cek, .ecdsaSHA256, cekKey)
    hostCEK = cek
    try cek.sign(.first, as: .ask, with: keys.ask)
    var oca = try Self.certificate(.oca, .ecdsaSHA256, ocaKey)
    try oca.sign(.first, as: .oca, with: ocaKey)
    var pek = try Self.certificate(.pek, .ecdsaSHA256, pekKey)
    try pek.sign(.first, as: .oca, with: ocaKey)
    try pek.sign(.second, as: .cek, with: cekKey)
    var pdh = try Self.certificate(.pdh, .ecdhSHA256, pdhKey)
    try pdh.sign(.first, as: .pek, with: pekKey)
    (self.ark, self.ask, self.cek, self.oca, self.pek, self.pdh) = (ark, ask, cek, oca, pek, pdh)
  }

  static func certificate(
    _ usage: CertificateUsage, _ algorithm: CertificateAlgorithm, _ key: P384.PrivateKey
  ) throws -> SEVCertificate {
    try SEVCertificate(
      usage: usage, algorithm: algorithm, publicKey: .p384(key.publicKey), apiMajor: 0, apiMinor: 22)
  }

  /// As libvirt hands it on.
  var presented: SEVPlatform {
    SEVPlatform(
      pdh: pdh.serialized(), certificateChain: pek.serialized() + oca.serialized() + hostCEK.serialized(),
      cpu0ID: nil,
      cbitPosition: 51, reducedPhysicalBits: 1, maxGuests: maxGuests, maxESGuests: maxESGuests)
  }

  var endorsements: PlatformEndorsements {
    PlatformEndorsements(cek: cek.serialized(), ca: ask.serialized() + ark.serialized())
  }
}
