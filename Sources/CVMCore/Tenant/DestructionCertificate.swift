import Bytes
import CVMCrypto
import Documents
import StateStore

/// What was erased of a tenant: what nobody can open any more, whoever still has a copy of an envelope.
package struct DestructionCertificate: Encodable, Equatable, Sendable {
  package var tenant: String
  package var destroyedAt: String
  package var destroyedBy: String
  /// Versions of the tenant's keys, its key-encryption keys among them.
  package var keys: Int
  /// Transport keys of launches.
  package var launchKeys: Int
  /// SHA-256 of the digests of all envelopes, one after the other, in their order.
  package var envelopesDigest: String
  /// Nil in the audit record of a tenant with very many; the digest stands for them there.
  package var envelopes: [ErasedEnvelope]?
  /// Who was given a KEK of the tenant to keep: with it and a copy of an envelope they can still open that.
  package var escrow: [KEKEscrow]
  package var simulated = false
  /// The certificate with its signatures, for whoever is to check it.
  package var note: String?

  package struct ErasedEnvelope: Encodable, Equatable, Sendable {
    package var object: String
    package var purpose: String
    package var version: Int64
    /// Hex.
    package var sha256: String
  }

  /// How many envelopes an audit record names one by one.
  static let recordedEnvelopes = 10_000

  init(
    _ tenant: String, _ envelopes: [EnvelopeDigest], escrow: [KEKEscrow], at time: Timestamp, by actor: String
  ) throws(CoreError) {
    self.tenant = tenant
    self.escrow = escrow
    destroyedAt = time.description
    destroyedBy = actor
    launchKeys = envelopes.count { $0.object.hasPrefix("launch/") }
    keys = envelopes.count - launchKeys
    do {
      envelopesDigest = Hex.encode(try SHA256.hash(envelopes.flatMap(\.sha256)))
    } catch {
      throw .crypto(error)
    }
    self.envelopes = envelopes.map {
      ErasedEnvelope(
        object: $0.object, purpose: $0.purpose, version: $0.version, sha256: Hex.encode($0.sha256))
    }
  }

  /// As the audit record's detail, and as it is signed: without the note.
  func recorded() throws(CoreError) -> Value {
    var short = self
    if let envelopes, envelopes.count > Self.recordedEnvelopes { short.envelopes = nil }
    do {
      return .object(try ValueEncoder.encode(short).members?.filter { $0.key != "note" } ?? [])
    } catch {
      throw .store(.misuse(reason: "a certificate of destruction that cannot be encoded"))
    }
  }

  /// Of an audit record's detail; nil for anything else.
  init?(recorded value: Value) {
    guard let tenant = value["tenant"]?.text, let destroyedAt = value["destroyedAt"]?.text,
      let destroyedBy = value["destroyedBy"]?.text, let keys = value["keys"]?.integer(Int.self),
      let launchKeys = value["launchKeys"]?.integer(Int.self),
      let envelopesDigest = value["envelopesDigest"]?.text
    else { return nil }
    self.tenant = tenant
    self.destroyedAt = destroyedAt
    self.destroyedBy = destroyedBy
    self.keys = keys
    self.launchKeys = launchKeys
    self.envelopesDigest = envelopesDigest
    envelopes = value["envelopes"]?.elements?.compactMap(ErasedEnvelope.init(recorded:))
    escrow = value["escrow"]?.elements?.compactMap(KEKEscrow.init(recorded:)) ?? []
  }
}

extension DestructionCertificate.ErasedEnvelope {
  fileprivate init?(recorded value: Value) {
    guard let object = value["object"]?.text, let purpose = value["purpose"]?.text,
      let version = value["version"]?.integer(Int64.self), let sha256 = value["sha256"]?.text
    else { return nil }
    self.init(object: object, purpose: purpose, version: version, sha256: sha256)
  }
}
