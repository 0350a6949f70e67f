import Bytes
import CVMCrypto
package import StateStore
import Vault

/// Signed heads of the audit log: keys, anchors, proofs.
extension Core {
  /// How a store gets its key for heads on the way: where there is one already and the vault opens at once. Takes no lock of a
  /// core, for the store holds its own when it asks.
  static let headSigner: @Sendable (StateStore) -> AuditSigner? = { store in
    guard let keys = try? store.auditKeys(), !keys.isEmpty else { return nil }
    return try? Vault(store: store, actor: Actor.operator.name, waits: false).storedAuditSigner()
  }

  /// The keys that verify heads of this log, all of which sign each; made on first use.
  package func auditKeys() throws(CoreError) -> [VerifierKey] {
    let store = try store()
    var keys = try stored { () throws(StoreError) in try store.auditKeys() }
    if keys.isEmpty {
      _ = try auditSigner()
      keys = try stored { () throws(StoreError) in try store.auditKeys() }
    }
    return try verified { () throws(CryptoError) in try keys.last?.verifiers() ?? [] }
  }

  /// Puts fresh keys in the place of the log's, which are destroyed after they have signed the record that names the fresh
  /// ones. Returns these.
  package func rekeyAudit() throws(CoreError) -> [VerifierKey] {
    try requireOperator("replace the keys of the audit log")
    try requireWritable()
    let (store, vault) = (try store(), try vault())
    let signer = try vaulted { () throws(VaultError) in try vault.rekeyAudit(at: .now()) }
    store.signHeads { _ in signer }
    // The old seeds are then in no file of the store.
    try? store.checkpoint()
    return try auditKeys()
  }

  /// The proof that the log of a newer head, else of the newest one, continues that of an older one. `.store(.corrupt)` where
  /// this log does not.
  /// - Parameters: files of heads, the last one of each.
  package func proveAudit(from old: String, to new: String?) throws(CoreError) -> ConsistencyProof {
    let store = try store()
    let keys = try auditVerifiers()
    guard let from = try anchors(old, keys).last else { throw .notFound(.file, old) }
    let given = if let new { try anchors(new, keys).last } else { Checkpoint?.none }
    let newest = try stored { () throws(StoreError) in try store.newestHead() }
    guard let to = given ?? newest else { throw .conflict("the log has no signed head") }
    guard from.size <= to.size || new == nil else {
      throw .usage("--from is the older head, --to the newer one")
    }
    guard let proof = try stored({ () throws(StoreError) in try store.proof(from: from, to: to) }) else {
      throw .store(
        .corrupt(
          file: store.file,
          reason: "the audit log does not continue the head of \(from.size) records in \(old)"))
    }
    return proof
  }

  /// Signs the log as it is now, for keeping elsewhere.
  package func anchorAudit() throws(CoreError) -> Checkpoint {
    let store = try store()
    let signer = try auditSigner()
    let record = record("audit.anchor", object: signer.origin)
    return try stored { () throws(StoreError) in try store.signedHead(record, by: signer) }
  }

  /// The proof that a record stands in the log, by the newest head; makes one where none covers the record yet.
  package func proveAudit(
    _ sequence: Int64, ofEveryTenant: Bool
  ) throws(CoreError) -> (record: AuditEntry, proof: RecordProof) {
    let entry = try auditEntry(sequence, ofEveryTenant: ofEveryTenant)
    let store = try store()
    if let proof = try stored({ () throws(StoreError) in try store.proof(ofRecord: sequence) }) {
      return (entry, proof)
    }
    let signer = try auditSigner()
    let record = record("audit.prove", object: String(sequence))
    let proof = try stored { () throws(StoreError) in
      _ = try store.signedHead(record, by: signer)
      return try store.proof(ofRecord: sequence)
    }
    guard let proof else { throw .notFound(.auditRecord, String(sequence)) }
    return (entry, proof)
  }

  func auditSigner() throws(CoreError) -> AuditSigner {
    try requireWritable()
    let vault = try vault()
    do { return try vault.auditSigner(at: Timestamp.now()) } catch { throw .vault(error) }
  }

  private func verified<R>(_ body: () throws(CryptoError) -> R) throws(CoreError) -> R {
    do { return try body() } catch { throw .crypto(error) }
  }
}
