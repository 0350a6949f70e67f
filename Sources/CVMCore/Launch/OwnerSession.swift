import Bytes
import CVMCrypto
import SEV

/// The owner's half of one launch: the certificate and blob for the host, and the keys, which only the owner has.
struct OwnerSession {
  let ownerCertificate: SEVCertificate
  let blob: LaunchBlob
  /// Nil on a host that was given the public halves alone: it can launch, not appraise, nor encrypt a secret.
  let keys: TransportKeys?
  let policy: SEVPolicy

  /// A fresh owner key, TEK, TIK, nonce and IV for one launch on the platform that holds `pdh`: a session used twice would let
  /// the host replay a launch.
  init(pdh: SEVCertificate, policy: SEVPolicy) throws(CoreError) {
    do {
      let owner = try P384.PrivateKey()
      let keys = try TransportKeys(tek: try .random(16), tik: try .random(16))
      self.keys = keys
      ownerCertificate = try SEVCertificate.ownerDH(publicKey: owner.publicKey)
      blob = try LaunchBlob.create(
        ownerKey: owner, pdh: pdh, policy: policy, keys: keys, nonce: try Random.bytes(LaunchBlob.nonceSize),
        iv: try Random.bytes(LaunchBlob.ivSize))
      self.policy = policy
    } catch {
      throw .crypto(error)
    }
  }

  init(ownerCertificate: SEVCertificate, blob: LaunchBlob, keys: TransportKeys?, policy: SEVPolicy) {
    self.ownerCertificate = ownerCertificate
    self.blob = blob
    self.keys = keys
    self.policy = policy
  }

  /// base64, as libvirt's `<dhCert>` wants it.
  var dhCertText: String { Base64.encode(ownerCertificate.serialized()) }
  /// base64, as libvirt's `<session>` wants it.
  var sessionText: String { Base64.encode(blob.serialized()) }
}
