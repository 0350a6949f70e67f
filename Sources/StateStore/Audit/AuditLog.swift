import Bytes
import CVMCrypto
import Documents

/// Appends to the log, within the caller's transaction.
enum AuditLog {
  enum Phase {
    case act, failedAct, attempt
    case outcome(String, of: Int64)

    var phase: AuditPhase {
      switch self {
      case .act, .failedAct: .act
      case .attempt: .attempt
      case .outcome: .outcome
      }
    }

    var attempt: Int64? { if case .outcome(_, let attempt) = self { attempt } else { nil } }

    var outcome: String {
      switch self {
      case .act: "done"
      case .failedAct: "failed"
      case .attempt: ""
      case .outcome(let outcome, _): outcome
      }
    }
  }

  /// Appends one record; its sequence number.
  @discardableResult
  static func append(
    _ record: AuditRecord, _ phase: Phase, to database: Database
  ) throws(StoreError) -> Int64 {
    guard record.detail.members != nil else { throw .misuse(reason: "an audit record's detail is an object") }
    if let attempt = phase.attempt { try requireOpen(attempt, database) }
    let last = try database.first("SELECT coalesce(max(seq), 0) FROM audit") { (row) throws(StoreError) in
      try row.integer(0)
    }
    let sequence = (last ?? 0) + 1
    let (bytes, hash) = try encoded(record, sequence, phase, database)
    try database.run(
      """
      INSERT INTO audit (seq, time, tenant, actor, act, object, phase, attempt, outcome, record, leaf_hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .integer(sequence), .integer(record.time.microseconds), .text(record.tenant), .text(record.actor),
        .text(record.act), .text(record.object), .text(phase.phase.rawValue), .integer(phase.attempt),
        .text(phase.outcome), .blob(bytes), .blob(hash),
      ])
    return sequence
  }

  private static func encoded(
    _ record: AuditRecord, _ sequence: Int64, _ phase: Phase, _ database: Database
  ) throws(StoreError) -> ([UInt8], [UInt8]) {
    let bytes: [UInt8]
    do throws(DocumentError) {
      bytes = try AuditEncoding.encode(
        record, sequence: sequence, phase: phase.phase, attempt: phase.attempt, outcome: phase.outcome)
    } catch { throw .misuse(reason: "an audit record cannot be encoded: \(error.summary)") }
    let hash: [UInt8]
    do throws(CryptoError) { hash = try AuditEncoding.leafHash(bytes) } catch {
      throw .failed(file: database.file, reason: error.summary)
    }
    guard AuditEncoding.decode(bytes, leafHash: hash) != nil else {
      throw .misuse(reason: "an audit record that could not be read back")
    }
    return (bytes, hash)
  }

  private static func requireOpen(_ attempt: Int64, _ database: Database) throws(StoreError) {
    let name = String(attempt)
    let phase = try database.first(
      "SELECT phase FROM audit WHERE seq = ?", [.integer(attempt)]
    ) { (row) throws(StoreError) in try row.text(0) }
    guard phase == AuditPhase.attempt.rawValue else { throw .notFound(kind: "attempt", name: name) }
    let outcomes = try database.rows("SELECT seq FROM audit WHERE attempt = ?", [.integer(attempt)]) {
      (row) throws(StoreError) in try row.integer(0)
    }
    guard outcomes.isEmpty else {
      throw .conflict(kind: "attempt", name: name, reason: "has its outcome already")
    }
  }
}
