/// A key of some tenant that the root key has sealed.
package struct RootSealedKey: Equatable, Sendable {
  /// SQLite's number of the row.
  package let row: Int64
  package let tenant: String
  package let version: Int64
  package let algorithm: String?
  package let envelope: [UInt8]
}

extension StateReading where Self: ~Copyable {
  /// The keys named `object` of every tenant, without those that are erased.
  package borrowing func keysUnderRoot(object: String) throws(StoreError) -> [RootSealedKey] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT rowid, tenant, version, algorithm, envelope FROM wrapped_key
        WHERE object = ? AND length(envelope) > 0
        """, [.text(object)]
      ) { (row) throws(StoreError) in
        RootSealedKey(
          row: try row.integer(0), tenant: try row.text(1), version: try row.integer(2),
          algorithm: try row.optionalText(3), envelope: try row.blob(4))
      }
    }
  }

  /// SHA-256 of the file of the root key that has sealed them; nil for the first root key that there was.
  package borrowing func rootKeyDigest() throws(StoreError) -> [UInt8]? {
    try read { (reader) throws(StoreError) in
      try reader.first("SELECT sha256 FROM root_key") { (row) throws(StoreError) in try row.blob(0) }
    }
  }
}

/// The root key is no tenant's: these are for acts that are of no tenant either.
extension Transaction {
  package borrowing func replace(_ key: RootSealedKey, with envelope: [UInt8]) throws(StoreError) {
    let changed = try database.run(
      "UPDATE wrapped_key SET envelope = ? WHERE rowid = ? AND tenant = ?",
      [.blob(envelope), .integer(key.row), .text(key.tenant)])
    guard changed == 1 else { throw .notFound(kind: "key", name: key.tenant) }
  }

  package borrowing func replaceEnvelope(
    ofAuditKey version: Int64, with envelope: [UInt8]
  ) throws(StoreError) {
    let changed = try database.run(
      "UPDATE audit_key SET envelope = ? WHERE version = ?", [.blob(envelope), .integer(version)])
    guard changed == 1 else { throw .notFound(kind: "audit key", name: String(version)) }
  }

  /// From the end of the act on the root key of this file counts.
  package borrowing func setRootKey(sha256: [UInt8]) throws(StoreError) {
    try database.run("INSERT OR REPLACE INTO root_key (id, sha256) VALUES (1, ?)", [.blob(sha256)])
  }
}
