extension StateReading where Self: ~Copyable {
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
