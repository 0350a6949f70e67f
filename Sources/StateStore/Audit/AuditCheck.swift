import Bytes
import CVMCrypto

/// What reading the whole log again has found.
package enum AuditCheck: Equatable, Sendable {
  /// Every record is as it was written; `count` of them.
  case intact(count: Int64)
  /// The first record that is not, by its place (from 1), and what is wrong with it.
  case broken(sequence: Int64, reason: String)
}

extension StateReading where Self: ~Copyable {
  /// Compares every record with its hash, its place and its columns, and the end of the log with the store's
  /// own count. A log that somebody has written anew from a place on is not found out so: that takes a signed
  /// head.
  package borrowing func checkAudit() throws(StoreError) -> AuditCheck {
    try read { (reader) throws(StoreError) in
      let database = reader.database
      return try database.snapshot { () throws(StoreError) in try AuditChecker(database: database).check() }
    }
  }
}

private struct AuditChecker {
  let database: Database

  func check() throws(StoreError) -> AuditCheck {
    var count: Int64 = 0
    var problem: String?
    try database.visit(
      """
      SELECT record, leaf_hash, seq, time, tenant, actor, act, object, phase, attempt, outcome
      FROM audit ORDER BY seq
      """
    ) { (row) throws(StoreError) in
      count += 1
      problem = try self.problem(row, expected: count)
      return problem == nil
    }
    if let problem { return .broken(sequence: count, reason: problem) }
    let last = try database.first(
      "SELECT seq FROM sqlite_sequence WHERE name = 'audit'"
    ) { (row) throws(StoreError) in try row.integer(0) }
    guard (last ?? 0) == count else {
      return .broken(sequence: count + 1, reason: "the log ends before record \(last ?? 0)")
    }
    return .intact(count: count)
  }

  private func problem(_ row: borrowing Row, expected: Int64) throws(StoreError) -> String? {
    let (bytes, hash) = (try row.blob(0), try row.blob(1))
    guard try row.integer(2) == expected else { return "it is missing" }
    do throws(CryptoError) {
      guard try AuditEncoding.leafHash(bytes) == hash else { return "it does not fit its hash" }
    } catch { throw .failed(file: database.file, reason: error.summary) }
    guard let entry = AuditEncoding.decode(bytes, leafHash: hash) else {
      return "it is not in canonical form"
    }
    guard entry.sequence == expected else { return "it says that it is record \(entry.sequence)" }
    return try fits(entry, row) ? nil : "its columns say something else"
  }

  private func fits(_ entry: AuditEntry, _ row: borrowing Row) throws(StoreError) -> Bool {
    let record = entry.record
    let texts = [record.tenant, record.actor, record.act, record.object, entry.phase.rawValue]
    for (index, text) in texts.enumerated() {
      guard try row.text(4 + index).utf8.elementsEqual(text.utf8) else { return false }
    }
    guard try row.optionalInteger(9) == entry.attempt, try row.text(10) == entry.outcome else { return false }
    return try row.time(3).description == record.time.description
  }
}
