import Bytes
import CVMCrypto
import SEV
import SecureProcessor

/// A guest owner: makes the session of a launch and judges its measurement.
struct Owner {
  let keys: TransportKeys
  private let key: P384.PrivateKey

  init() throws {
    key = try P384.PrivateKey()
    keys = try TransportKeys(tek: .random(16), tik: .random(16))
  }

  /// Writes `godh` and `session` for this bench's platform.
  func prepare(_ bench: Bench, policy: UInt32) throws {
    let pdh = try SEVCertificate(parsing: try bench.platform.snapshot().pdhCertificateExport().pdh)
    let blob = try LaunchBlob.create(
      ownerKey: key, pdh: pdh, policy: SEVPolicy(rawValue: policy), keys: keys, nonce: Random.bytes(16),
      iv: Random.bytes(16))
    try bench.write(Array(Base64.encode(blob.serialized()).utf8), "session")
    let certificate = try SEVCertificate.ownerDH(publicKey: key.publicKey)
    try bench.write(Array((Base64.encode(certificate.serialized()) + "\n").utf8), "godh")
  }

  /// Whether the measurement is of this digest.
  func accepts(_ measurement: LaunchMeasurement, digest: [UInt8], policy: UInt32) throws -> Bool {
    try measurement
      == LaunchMeasurement.compute(
        apiMajor: 1, apiMinor: 55, build: 21, policy: SEVPolicy(rawValue: policy), digest: digest,
        nonce: measurement.nonce, tik: keys.tik)
  }
}
