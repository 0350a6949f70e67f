import Bytes
import CVMCore
import CVMCrypto
import Documents
import StateStore

/// A record as commands show it.
struct AuditEntryView: Renderable {
  let seq: Int64
  let time: String
  let tenant: String
  let actor: String
  let act: String
  let object: String
  let phase: String
  let attempt: Int64?
  let outcome: String
  /// Values that are no text in JSON.
  let detail: [String: String]
  let leafHash: String
  let simulated: Bool

  init(_ entry: AuditEntry) {
    seq = entry.sequence
    time = entry.record.time.description
    tenant = entry.record.tenant
    actor = entry.record.actor
    act = entry.record.act
    object = entry.record.object
    phase = entry.phase.rawValue
    attempt = entry.attempt
    outcome = entry.outcome
    var texts: [String: String] = [:]
    for member in entry.record.detail.members ?? [] {
      texts[member.key] = member.value.text ?? (try? JSONText.emit(member.value, pretty: false)) ?? ""
    }
    detail = texts
    leafHash = Hex.encode(entry.leafHash)
    simulated = texts["simulated"] == "true"
  }

  static let columns: [Column<AuditEntryView>] = [
    Column("SEQ") { String($0.seq) },
    Column("TIME") { $0.time },
    Column("ACT") { $0.act },
    Column("OBJECT") { $0.object.isEmpty ? "-" : $0.object },
    Column("OUTCOME") { $0.outcome.isEmpty ? $0.phase : $0.outcome },
    Column("TENANT", wide: true) { $0.tenant.isEmpty ? "-" : $0.tenant },
    Column("ACTOR", wide: true) { $0.actor },
    Column("ATTEMPT", wide: true) { $0.attempt.map(String.init) ?? "-" },
    Column("DETAIL", wide: true) { $0.detailText },
  ]

  var details: [(key: String, value: String)] {
    Self.columns.map { ($0.title, $0.cell(self)) } + [("LEAF HASH", leafHash)]
  }

  private var detailText: String {
    detail.isEmpty
      ? "-" : detail.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}

/// What a check of the whole log has found.
struct AuditVerificationView: Renderable {
  let records: Int64
  let root: String
  let origin: String?
  let heads: Int
  let signedRecords: Int64
  let keyConfirmed: Bool
  let anchoredRecords: Int64?
  let tpmCounter: UInt64?
  let rollbackDetectable: Bool
  let simulated = false

  init(_ verification: AuditVerification) {
    records = verification.records
    root = Hex.encode(verification.root)
    origin = verification.origin
    heads = verification.heads
    signedRecords = verification.signedRecords
    keyConfirmed = verification.isKeyConfirmed
    anchoredRecords = verification.anchoredRecords
    tpmCounter = verification.tpmCounter
    rollbackDetectable = verification.anchoredRecords != nil
  }

  static let columns: [Column<AuditVerificationView>] = [
    Column("Records") { "\($0.records), all intact" },
    Column("Root") { $0.root },
    Column("Log") { $0.origin ?? "-" },
    Column("Signed") { "\($0.signedRecords), \($0.heads) \($0.heads == 1 ? "head" : "heads")" },
    Column("Key") { $0.keyConfirmed ? "the vault's" : $0.heads == 0 ? "-" : "not compared with the vault's" },
    Column("Anchored") { $0.anchoredRecords.map(String.init) ?? "-" },
    Column("TPM") { $0.tpmCounter.map { "counter \($0)" } ?? "-" },
    Column("Rollback") { $0.rollbackDetectable ? "none since the anchor" : "not detectable" },
  ]
}

/// A signed head.
struct AuditHeadView: Renderable {
  let origin: String
  let size: Int64
  let root: String
  let checkpoint: String
  let tpmCounter: UInt64?
  let simulated = false

  init(_ head: Checkpoint, tpmCounter: UInt64? = nil) {
    origin = head.origin
    size = head.size
    root = Hex.encode(head.root.bytes)
    checkpoint = head.text
    self.tpmCounter = tpmCounter
  }

  static let columns: [Column<AuditHeadView>] = [
    Column("Log") { $0.origin }, Column("Records") { String($0.size) }, Column("Root") { $0.root },
    Column("TPM") { $0.tpmCounter.map { "counter \($0)" } ?? "-" },
  ]
}

/// A proof that a record stands in the log.
struct AuditProofView: Renderable {
  let seq: Int64
  let origin: String
  let size: Int64
  let root: String
  let simulated = false

  init(_ proof: RecordProof) {
    seq = proof.index + 1
    origin = proof.checkpoint.origin
    size = proof.checkpoint.size
    root = Hex.encode(proof.checkpoint.root.bytes)
  }

  static let columns: [Column<AuditProofView>] = [
    Column("Record") { String($0.seq) }, Column("Log") { $0.origin }, Column("Records") { String($0.size) },
    Column("Root") { $0.root },
  ]
}

/// A proof that a log continues an older head.
struct AuditConsistencyView: Renderable {
  let origin: String
  let oldSize: Int64
  let size: Int64
  let root: String
  let simulated = false

  init(_ proof: ConsistencyProof) {
    origin = proof.checkpoint.origin
    oldSize = proof.oldSize
    size = proof.checkpoint.size
    root = Hex.encode(proof.checkpoint.root.bytes)
  }

  static let columns: [Column<AuditConsistencyView>] = [
    Column("Log") { $0.origin }, Column("Old records") { String($0.oldSize) },
    Column("Records") { String($0.size) }, Column("Root") { $0.root },
  ]
}

struct AuditKeyView: Renderable {
  let key: String
  let origin: String
  let keyID: String
  let algorithm: String
  let publicKey: String
  let simulated = false

  init(_ verifier: VerifierKey) {
    key = verifier.text
    origin = verifier.name
    keyID = Hex.encode(verifier.id)
    algorithm = verifier.key.algorithm
    publicKey = Hex.encode(verifier.key.bytes)
  }

  static let columns: [Column<AuditKeyView>] = [Column("KEY") { $0.key }]
}
