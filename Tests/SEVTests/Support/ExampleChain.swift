import CVMCrypto
import SEV

/// A platform's certificates with keys of our own, every link signed as on a real chip.
struct ExampleChain {
  let arkKey: RSAPSS.PrivateKey
  let askKey: RSAPSS.PrivateKey
  let cekKey, ocaKey, pekKey, pdhKey: P384.PrivateKey
  let ark, ask: CACertificate
  let cek, oca, pek, pdh: SEVCertificate

  /// Made once: RSA keys take a noticeable time.
  static let shared = Result { try ExampleChain() }

  init() throws {
    arkKey = try RSAPSS.PrivateKey(bits: 2048)
    askKey = try RSAPSS.PrivateKey(bits: 2048)
    (cekKey, ocaKey) = (try P384.PrivateKey(), try P384.PrivateKey())
    (pekKey, pdhKey) = (try P384.PrivateKey(), try P384.PrivateKey())
    let (arkID, askID) = (counting(from: 0x10, 16), counting(from: 0x40, 16))
    var ark = try CACertificate(keyID: arkID, certifyingID: arkID, usage: .ark, key: arkKey.publicKey)
    try ark.sign(with: arkKey)
    var ask = try CACertificate(keyID: askID, certifyingID: arkID, usage: .ask, key: askKey.publicKey)
    try ask.sign(with: arkKey)
    var cek = try Self.certificate(.cek, cekKey)
    try cek.sign(.first, as: .ask, with: askKey)
    var oca = try Self.certificate(.oca, ocaKey)
    try oca.sign(.first, as: .oca, with: ocaKey)
    var pek = try Self.certificate(.pek, pekKey)
    try pek.sign(.first, as: .oca, with: ocaKey)
    try pek.sign(.second, as: .cek, with: cekKey)
    var pdh = try SEVCertificate(
      usage: .pdh, algorithm: .ecdhSHA256, publicKey: .p384(pdhKey.publicKey), apiMajor: 0, apiMinor: 22)
    try pdh.sign(.first, as: .pek, with: pekKey)
    (self.ark, self.ask, self.cek, self.oca, self.pek, self.pdh) = (ark, ask, cek, oca, pek, pdh)
  }

  private static func certificate(
    _ usage: CertificateUsage, _ key: P384.PrivateKey
  ) throws -> SEVCertificate {
    try SEVCertificate(
      usage: usage, algorithm: .ecdsaSHA256, publicKey: .p384(key.publicKey), apiMajor: 0, apiMinor: 22)
  }
}
