import Bytes
import CVMCore
import CVMCrypto
import SEV
import SecureProcessor
import SimulatedBackend

/// A guest owner, and the launch of a document for it.
struct Owner {
  let key: P384.PrivateKey
  let keys: TransportKeys

  init() throws {
    key = try P384.PrivateKey()
    keys = try TransportKeys(tek: .random(16), tik: .random(16))
  }

  /// `<policy>`, `<dhCert>` and `<session>`.
  func security(_ policy: UInt32, for backend: SimulatedBackend) throws -> String {
    let pdh = try SEVCertificate(parsing: backend.sevPlatform().pdh)
    let blob = try LaunchBlob.create(
      ownerKey: key, pdh: pdh, policy: SEVPolicy(rawValue: policy), keys: keys, nonce: Random.bytes(16),
      iv: Random.bytes(16))
    let certificate = try SEVCertificate.ownerDH(publicKey: key.publicKey).serialized()
    return "<policy>0x\(String(policy, radix: 16))</policy><dhCert>\(Base64.encode(certificate))</dhCert>"
      + "<session>\(Base64.encode(blob.serialized()))</session>"
  }

  func packet(_ info: LaunchSecurityInfo?, _ bytes: [UInt8]) throws -> SecretPacket {
    let measurement = try LaunchMeasurement(parsing: info?.measurement ?? [])
    return try SecretPacket.seal(
      SecretBytes(copying: bytes), keys: keys, measurement: measurement.hmac, iv: Random.bytes(16))
  }
}

extension Document {
  /// With a firmware file as pflash.
  func with(firmware: String) -> Document {
    var document = self
    document.loader = "<loader readonly='yes' type='pflash' stateless='yes'>\(firmware)</loader>"
    return document
  }

  var guest: GuestUUID? { GuestUUID(rawValue: uuid) }
}

extension SimulatedBackend {
  struct NoUUID: Error {}

  /// Defines the document and launches it, without a session unless the document has one.
  @discardableResult
  func launch(_ document: Document) throws -> GuestUUID {
    guard let uuid = document.guest else { throw NoUUID() }
    var stored = document
    stored.security = document.security == nil ? nil : "<policy>0x0003</policy>"
    _ = try define(xml: stored())
    let paused = try startPaused(uuid, xml: document())
    _ = consume paused
    return uuid
  }
}
