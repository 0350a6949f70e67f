package import Bytes
import CVMCrypto
import PostQuantum
package import StateStore

/// The keys that sign heads of the audit log, no tenant's: one of Ed25519 and, since there is one, a composite key. The root key
/// wraps their seeds in one envelope: 32 bytes, or 32 and 64.
extension Vault {
  private static let auditObject = "audit-head"
  private static let auditPurpose = "sign"
  private static let actName = "audit.key.create"
  /// How an audit log's name begins; 16 hexadecimal digits of chance follow.
  private static let originPrefix = "cvmctl/audit/"

  /// The key, made in an act of the store where there is none: not within another act.
  package func auditSigner(at now: Timestamp) throws(VaultError) -> AuditSigner {
    if let signer = try storedAuditSigner() { return signer }
    return try addAuditKey(version: 1, at: now)
  }

  /// Another key, where the root key that wrapped the one before is lost: a log of another name from here on. What was signed
  /// until then stays verifiable.
  package func replaceAuditKey(at now: Timestamp) throws(VaultError) {
    let rows: [AuditKeyRow]
    do { rows = try store.auditKeys() } catch { throw .store(error) }
    _ = try addAuditKey(version: (rows.last?.version ?? 0) + 1, at: now)
  }

  /// Puts another key in the place of the one that there is, which signs the log a last time, up to the record that names the
  /// fresh one, and is destroyed. The fresh one signs from the next record on, which says that it does.
  package func rekeyAudit(at now: Timestamp) throws(VaultError) -> AuditSigner {
    let old = try auditSigner(at: now)
    let rows = try stored { () throws(StoreError) in try store.auditKeys() }
    guard let newest = rows.last, newest.origin == old.origin else {
      throw .keyMissing(object: Self.auditObject)
    }
    let row = try freshAuditKey(version: newest.version + 1, at: now)
    let verifiers: [VerifierKey]
    do { verifiers = try row.verifiers() } catch { throw .crypto(error) }
    let record = AuditRecord(successors: verifiers, actor: actor, at: now)
    _ = try store.signedHead(record, by: old) { (transaction) throws(VaultError) in
      try requireCurrentRoot()
      try stored { () throws(StoreError) in
        try transaction.insertAuditKey(row)
        try transaction.replaceEnvelope(ofAuditKey: newest.version, with: [])
      }
    }
    guard let signer = try storedAuditSigner() else { throw .keyMissing(object: Self.auditObject) }
    let first = AuditRecord(time: now, tenant: "", actor: actor, act: Self.actName, object: verifiers[0].text)
    _ = try stored { () throws(StoreError) in try store.signedHead(first, by: signer) }
    return signer
  }

  private func addAuditKey(version: Int64, at now: Timestamp) throws(VaultError) -> AuditSigner {
    let row = try freshAuditKey(version: version, at: now)
    let verifier: VerifierKey
    do { verifier = try row.verifier() } catch { throw .crypto(error) }
    do throws(VaultError) {
      let record = AuditRecord(
        time: now, tenant: "", actor: actor, act: Self.actName, object: verifier.text)
      try store.act(record) { transaction throws(VaultError) in
        try requireCurrentRoot()
        try stored { () throws(StoreError) in try transaction.insertAuditKey(row) }
      }
    } catch .store(.exists) {
      // Another process made it meanwhile: that one counts.
    }
    guard let signer = try storedAuditSigner() else { throw .keyMissing(object: Self.auditObject) }
    return signer
  }

  /// The newest key, nil without one. `.notAuthentic` where its public half, which the store holds beside it, is not of
  /// the key that the vault wrapped.
  package func storedAuditSigner() throws(VaultError) -> AuditSigner? {
    let rows: [AuditKeyRow]
    do { rows = try store.auditKeys() } catch { throw .store(error) }
    guard let row = rows.last else { return nil }
    let seeds = try unwrapUnderRoot(row.envelope, for: Self.auditContext(row.version))
    let composite = row.compositeKey == nil ? nil : seeds.slice(Ed25519.keySize..<Self.seedsSize)
    let expected = row.compositeKey == nil ? Ed25519.keySize : Self.seedsSize
    guard seeds.count == expected, let seed = seeds.slice(0..<Ed25519.keySize) else {
      throw .notAuthentic(object: Self.auditObject)
    }
    let key: Ed25519.PrivateKey
    do { key = try Ed25519.PrivateKey(seed: seed) } catch { throw .crypto(error) }
    guard key.publicKey.bytes == row.publicKey else { throw .notAuthentic(object: Self.auditObject) }
    return AuditSigner(origin: row.origin, key: key, composite: composite)
  }

  /// Whether there is a key, and all of its public halves are those of the seeds that the vault wraps. Takes longer than
  /// `storedAuditSigner`, which makes no composite key pair.
  package func confirmAuditKey() throws(VaultError) -> Bool {
    guard let signer = try storedAuditSigner() else { return false }
    let (composite, rows): (CompositeSignature.PrivateKey?, [AuditKeyRow])
    do { composite = try signer.composite() } catch { throw .crypto(error) }
    do { rows = try store.auditKeys() } catch { throw .store(error) }
    guard composite?.publicKey.bytes == rows.last?.compositeKey else {
      throw .notAuthentic(object: Self.auditObject)
    }
    return true
  }

  private static let seedsSize = Ed25519.keySize + CompositeSignature.seedSize

  private func freshAuditKey(version: Int64, at now: Timestamp) throws(VaultError) -> AuditKeyRow {
    let (seeds, publicKey, compositeKey, chance): (SecretBytes, [UInt8], [UInt8], [UInt8])
    do throws(CryptoError) {
      let (seed, second) = (
        try SecretBytes.random(Ed25519.keySize), try SecretBytes.random(CompositeSignature.seedSize)
      )
      seeds = .joined([seed, second])
      publicKey = try Ed25519.PrivateKey(seed: seed).publicKey.bytes
      compositeKey = try CompositeSignature.PrivateKey(seed: second).publicKey.bytes
      chance = try Random.bytes(8)
    } catch { throw .crypto(error) }
    return AuditKeyRow(
      version: version, origin: Self.originPrefix + Hex.encode(chance), publicKey: publicKey,
      compositeKey: compositeKey, envelope: try wrapUnderRoot(seeds, for: Self.auditContext(version)),
      createdAt: now)
  }

  static func auditContext(_ version: Int64) -> KeyContext {
    KeyContext(
      tenant: "", object: auditObject, version: UInt32(truncatingIfNeeded: version), purpose: auditPurpose)
  }
}
