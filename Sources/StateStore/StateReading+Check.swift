/// An envelope and what it is of; of no tenant for the audit log's keys.
package struct StoredEnvelope: Sendable {
  package let tenant: String
  package let object: String
  package let version: Int64
  package let bytes: [UInt8]
}

extension StateReading where Self: ~Copyable {
  /// Every envelope that there is.
  package borrowing func envelopes() throws(StoreError) -> [StoredEnvelope] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT tenant, object, version, envelope FROM wrapped_key WHERE length(envelope) > 0
        UNION ALL SELECT tenant, 'launch/' || id, 1, wrapped_tek FROM launch WHERE wrapped_tek IS NOT NULL
        UNION ALL SELECT tenant, 'launch/' || id, 1, wrapped_tik FROM launch WHERE wrapped_tik IS NOT NULL
        UNION ALL SELECT '', 'audit key', version, envelope FROM audit_key WHERE length(envelope) > 0
        """
      ) { (row) throws(StoreError) in
        StoredEnvelope(
          tenant: try row.text(0), object: try row.text(1), version: try row.integer(2),
          bytes: try row.blob(3))
      }
    }
  }

  /// How many records the audit log has.
  package borrowing func recordCount() throws(StoreError) -> Int64 {
    try read { (reader) throws(StoreError) in
      try reader.first("SELECT coalesce(max(seq), 0) FROM audit") { (row) throws(StoreError) in
        try row.integer(0)
      } ?? 0
    }
  }

  /// Reads the whole file: pages against their checksums, indexes against tables, references against rows.
  /// What is wrong, in SQLite's words; empty if nothing is.
  package borrowing func integrityProblems() throws(StoreError) -> [String] {
    try read { (reader) throws(StoreError) in
      let problems = try reader.rows("PRAGMA integrity_check") { (row) throws(StoreError) in try row.text(0) }
      let orphans = try reader.rows("PRAGMA foreign_key_check") { (row) throws(StoreError) in
        "a row of \(try row.text(0)) refers to one of \(try row.text(2)) that is not there"
      }
      return problems.filter { $0 != "ok" } + orphans
    }
  }
}
