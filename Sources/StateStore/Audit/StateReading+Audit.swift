import Bytes
import Documents

extension StateReading where Self: ~Copyable {
  /// A tenant's records in order, from a sequence number on.
  package borrowing func auditEntries(
    tenant: String, from sequence: Int64 = 1, limit: Int = .max
  ) throws(StoreError) -> [AuditEntry] {
    try entries(
      "SELECT record, leaf_hash FROM audit WHERE tenant = ? AND seq >= ? ORDER BY seq LIMIT ?",
      [.text(tenant), .integer(sequence), .integer(limit)])
  }

  /// Everybody's records, for who runs the store.
  package borrowing func auditEntriesOfEveryTenant(
    from sequence: Int64 = 1, limit: Int = .max
  ) throws(StoreError) -> [AuditEntry] {
    try entries(
      "SELECT record, leaf_hash FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?",
      [.integer(sequence), .integer(limit)])
  }

  /// A tenant's attempts that have no outcome: under way, or interrupted.
  package borrowing func openAttempts(tenant: String) throws(StoreError) -> [Attempt] {
    try entries(
      """
      SELECT record, leaf_hash FROM audit AS a WHERE tenant = ? AND phase = 'attempt'
      AND NOT EXISTS (SELECT 1 FROM audit WHERE attempt = a.seq) ORDER BY seq
      """, [.text(tenant)]
    ).map { Attempt(sequence: $0.sequence, record: $0.record) }
  }

  private borrowing func entries(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> [AuditEntry] {
    try read { (reader) throws(StoreError) in
      try reader.rows(sql, values) { (row) throws(StoreError) in
        guard let entry = AuditEncoding.decode(try row.blob(0), leafHash: try row.blob(1)) else {
          throw row.damage(0)
        }
        return entry
      }
    }
  }
}
