/// Where the newest head is that left the log.
extension StateReading where Self: ~Copyable {
  /// The newest record of a head that left the machine, in a file or for a TPM; of one for a TPM the attempt.
  package borrowing func newestAnchor() throws(StoreError) -> AuditEntry? {
    try anchor("phase <> 'outcome'", upTo: .max)
  }

  /// The newest attempt to anchor the log outside, among its first records, and whether it went well.
  package borrowing func newestAnchorAttempt(
    upTo size: Int64
  ) throws(StoreError) -> (entry: AuditEntry, isDone: Bool)? {
    guard let entry = try anchor("phase = 'attempt'", upTo: size) else { return nil }
    let outcome = try read { (reader) throws(StoreError) in
      try reader.first("SELECT outcome FROM audit WHERE attempt = ?", [.integer(entry.sequence)]) {
        (row) throws(StoreError) in try row.text(0)
      }
    }
    return (entry, outcome == "ok")
  }

  /// The hash of the first record, which no other log has; nil for a log without one.
  package borrowing func auditMark() throws(StoreError) -> [UInt8]? {
    try read { (reader) throws(StoreError) in
      try reader.first("SELECT leaf_hash FROM audit WHERE seq = 1") { (row) throws(StoreError) in
        try row.blob(0)
      }
    }
  }

  /// The act stands in the statement: only so is the index used.
  private borrowing func anchor(_ phase: String, upTo size: Int64) throws(StoreError) -> AuditEntry? {
    try read { (reader) throws(StoreError) in
      try reader.first(
        """
        SELECT record, leaf_hash FROM audit WHERE act = 'audit.anchor' AND \(phase) AND seq <= ?
        ORDER BY seq DESC LIMIT 1
        """, [.integer(size)]
      ) { (row) throws(StoreError) in
        guard let entry = AuditEncoding.decode(try row.blob(0), leafHash: try row.blob(1)) else {
          throw row.damage(0)
        }
        return entry
      }
    }
  }
}
