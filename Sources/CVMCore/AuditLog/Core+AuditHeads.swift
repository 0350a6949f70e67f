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
