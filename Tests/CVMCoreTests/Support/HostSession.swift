import Bytes
import CVMCrypto
import SEV

/// A session that the host makes for itself, to launch with keys that it knows.
struct HostSession {
  let dhCert: String
  let session: String

  init(for platform: TestPlatform, policy: UInt32) throws {
    let key = try P384.PrivateKey()
    let blob = try LaunchBlob.create(
      ownerKey: key, pdh: platform.pdh, policy: SEVPolicy(rawValue: policy),
      keys: TransportKeys(tek: .random(16), tik: .random(16)), nonce: Random.bytes(16), iv: Random.bytes(16))
    dhCert = Base64.encode(try SEVCertificate.ownerDH(publicKey: key.publicKey).serialized())
    session = Base64.encode(blob.serialized())
  }
}
