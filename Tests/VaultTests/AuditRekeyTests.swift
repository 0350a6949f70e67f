import Bytes
import CVMCrypto
import StateStore
import Testing

@testable import Vault

@Suite("Keys of the audit log that are replaced") struct AuditRekeyTests {
  private let scratch = Scratch()

  /// A log as it was made before there was a second key: the row's envelope holds 32 bytes.
  private func onlyEd25519(_ store: StateStore, _ vault: Vault) throws -> AuditSigner {
    let seed = try SecretBytes.random(Ed25519.keySize)
    let key = try Ed25519.PrivateKey(seed: seed)
    let row = AuditKeyRow(
      version: 1, origin: "cvmctl/audit/0123456789abcdef", publicKey: key.publicKey.bytes,
      envelope: try vault.wrapUnderRoot(seed, for: Vault.auditContext(1)), createdAt: moment)
    let record = AuditRecord(time: moment, tenant: "", actor: "uid:0", act: "audit.key.create", object: "x")
    try store.act(record) { (transaction) throws(StoreError) in try transaction.insertAuditKey(row) }
    return try #require(try vault.storedAuditSigner())
  }

  private func anchored(_ store: StateStore, _ signer: AuditSigner) throws -> Checkpoint {
    try store.signedHead(
      AuditRecord(time: moment, tenant: "", actor: "uid:0", act: "audit.anchor", object: "x"), by: signer)
  }

  @Test func `a log with one kind of key goes on with both, and its old head names them`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let old = try onlyEd25519(store, vault)
    #expect(try anchored(store, old).signatures.count == 1)
    let new = try vault.rekeyAudit(at: moment)
    #expect(try anchored(store, new).signatures.count == 2 && vault.confirmAuditKey())
    let rows = try store.auditKeys()
    #expect(rows.map(\.version) == [1, 2] && rows[0].envelope.isEmpty && rows[0].compositeKey == nil)
    let named = try store.auditEntriesOfEveryTenant().filter { $0.record.act == AuditRecord.rekey }
    #expect(try named.map(\.record.successors) == [rows[1].verifiers().map(\.text)])
    let report = try store.verifyAudit()
    #expect(
      report.signed[old.origin] == named[0].sequence && report.signed[new.origin] == report.newestHead?.size)
  }

  @Test func `the old key's private half is in no file, and signs nothing more in a process that has it`()
    throws
  {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let old = try vault.auditSigner(at: moment)
    let envelope = try #require(try store.auditKeys().first?.envelope)
    _ = try vault.rekeyAudit(at: moment)
    try store.checkpoint()
    for (name, bytes) in try scratch.files() {
      #expect(!bytes.indices.contains { bytes[$0...].starts(with: envelope) }, "\(name)")
    }
    #expect(throws: StoreError.self) { try anchored(store, old) }
    // On the way the act stands, and the head is left to who has the new key.
    store.signHeads { _ in old }
    let size = try store.newestHead()?.size
    let later = try #require(Timestamp(seconds: moment.seconds + 600))
    let record = AuditRecord(time: later, tenant: "", actor: "uid:0", act: "x", object: "x")
    try store.act(record) { (_) throws(StoreError) in }
    #expect(try store.newestHead()?.size == size)
    let fresh = try #require(try vault.storedAuditSigner())
    #expect(try fresh.origin != old.origin && anchored(store, fresh).size > size ?? 0)
  }
}
