/// An envelope by its place in the store, to be replaced by one of the same secret.
package struct SealedKey: Equatable, Sendable {
  /// SQLite's number of the row.
  package let row: Int64
  package let object: String
  package let purpose: String
  package let version: Int64
  package let envelope: [UInt8]
}

/// The two envelopes of a launch.
package struct SealedLaunch: Equatable, Sendable {
  package let id: String
  package let tek: [UInt8]
  package let tik: [UInt8]
}

extension StateReading where Self: ~Copyable {
  /// Some of the keys whose envelopes a version of the tenant's KEK has sealed.
  package borrowing func wrappedKeys(
    tenant: String, sealedBy kek: UInt32, limit: Int
  ) throws(StoreError) -> [SealedKey] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT rowid, object, purpose, version, envelope FROM wrapped_key
        WHERE tenant = ? AND substr(envelope, 9, 4) = ? LIMIT ?
        """, [.text(tenant), .kek(kek), .integer(limit)]
      ) { (row) throws(StoreError) in
        SealedKey(
          row: try row.integer(0), object: try row.text(1), purpose: try row.text(2),
          version: try row.integer(3),
          envelope: try row.blob(4))
      }
    }
  }

  /// Some of the launches with a transport key that a version of the tenant's KEK has sealed.
  package borrowing func launches(
    tenant: String, sealedBy kek: UInt32, limit: Int
  ) throws(StoreError) -> [SealedLaunch] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT id, wrapped_tek, wrapped_tik FROM launch WHERE tenant = ? AND wrapped_tek IS NOT NULL
        AND wrapped_tik IS NOT NULL AND (substr(wrapped_tek, 9, 4) = ? OR substr(wrapped_tik, 9, 4) = ?) LIMIT ?
        """, [.text(tenant), .kek(kek), .kek(kek), .integer(limit)]
      ) { (row) throws(StoreError) in
        SealedLaunch(id: try row.text(0), tek: try row.blob(1), tik: try row.blob(2))
      }
    }
  }

  /// Whether anything of the tenant hangs on a version of its KEK.
  package borrowing func holdsEnvelopes(tenant: String, sealedBy kek: UInt32) throws(StoreError) -> Bool {
    if try !wrappedKeys(tenant: tenant, sealedBy: kek, limit: 1).isEmpty { return true }
    return try !launches(tenant: tenant, sealedBy: kek, limit: 1).isEmpty
  }
}

extension Transaction {
  /// Puts another envelope of the same secret in a key's place.
  package borrowing func replace(_ key: SealedKey, with envelope: [UInt8]) throws(StoreError) {
    let changed = try database.run(
      "UPDATE wrapped_key SET envelope = ? WHERE rowid = ? AND tenant = ?",
      [.blob(envelope), .integer(key.row), .text(tenant)])
    guard changed == 1 else { throw .notFound(kind: "key", name: key.object) }
  }

  package borrowing func replace(_ launch: SealedLaunch, tek: [UInt8], tik: [UInt8]) throws(StoreError) {
    let changed = try database.run(
      "UPDATE launch SET wrapped_tek = ?, wrapped_tik = ? WHERE id = ? AND tenant = ?",
      [.blob(tek), .blob(tik), .text(launch.id), .text(tenant)])
    guard changed == 1 else { throw .notFound(kind: "launch", name: launch.id) }
  }
}

extension SQLValue {
  /// As an envelope writes the version of a KEK: 4 bytes, little-endian.
  fileprivate static func kek(_ version: UInt32) -> SQLValue {
    .blob((0..<4).map { UInt8(truncatingIfNeeded: version >> (8 * $0)) } as [UInt8])
  }
}
