package import Bytes

/// A data key that its tenant calls by a name. Its versions are the wrapped keys of `object`.
package struct NamedKeyRow: Equatable, Sendable {
  package let name: String
  package let purpose: String
  package let algorithm: String
  /// Seconds until a version is due to be replaced.
  package let rotateAfter: Int64?
  /// Uses after which a version is due to be replaced.
  package let maxUses: Int64?
  package let createdAt: Timestamp

  package static let prefix = "key/"
  package var object: String { Self.prefix + name }
}

/// A version of a named key, without its envelope.
package struct KeyVersionRow: Equatable, Sendable {
  package let object: String
  package let version: Int64
  package let state: String
  package let reason: String?
  package let createdAt: Timestamp
  /// When its state last changed.
  package let changedAt: Timestamp?
  package let uses: Int64
  /// The byte of its envelope that says how it is sealed; nil where it was erased.
  package let sealing: UInt8?
  /// Of a key that signs.
  package let publicKey: [UInt8]?
  /// When a pre-active version becomes active.
  package let activeFrom: Timestamp?
}

/// A launch that was given a key.
package struct KeyLaunchRow: Equatable, Sendable {
  package let launch: String
  package let version: Int64
  package let guest: String
  package let usedAt: Timestamp
}

extension StateReading where Self: ~Copyable {
  package borrowing func namedKey(tenant: String, name: String) throws(StoreError) -> NamedKeyRow? {
    try namedKeys("tenant = ? AND name = ?", [.text(tenant), .text(name)]).first
  }

  /// All of a tenant's named keys, by name.
  package borrowing func namedKeys(tenant: String) throws(StoreError) -> [NamedKeyRow] {
    try namedKeys("tenant = ? ORDER BY name", [.text(tenant)])
  }

  /// The versions of all of a tenant's named keys, by object, oldest first.
  package borrowing func keyVersions(tenant: String) throws(StoreError) -> [KeyVersionRow] {
    // What begins with 'key/' lies before 'key0': the range is read from the primary key.
    try keyVersions("tenant = ? AND object >= 'key/' AND object < 'key0'", [.text(tenant)])
  }

  /// The versions of one of them, oldest first.
  package borrowing func keyVersions(
    tenant: String, of key: NamedKeyRow
  ) throws(StoreError) -> [KeyVersionRow] {
    try keyVersions(
      "tenant = ? AND object = ? AND purpose = ?", [.text(tenant), .text(key.object), .text(key.purpose)])
  }

  /// The launches that were given a key, the latest first.
  package borrowing func launches(
    tenant: String, givenKey name: String, limit: Int
  ) throws(StoreError) -> [KeyLaunchRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT launch, version, guest, used_at FROM key_launch WHERE tenant = ? AND name = ?
        ORDER BY used_at DESC, launch LIMIT ?
        """, [.text(tenant), .text(name), .integer(limit)]
      ) { (row) throws(StoreError) in
        KeyLaunchRow(
          launch: try row.text(0), version: try row.integer(1), guest: try row.text(2),
          usedAt: try row.time(3))
      }
    }
  }

  private borrowing func namedKeys(
    _ condition: String, _ values: [SQLValue]
  ) throws(StoreError) -> [NamedKeyRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT name, purpose, algorithm, rotate_after, max_uses, created_at FROM named_key
        WHERE \(condition)
        """, values
      ) { (row) throws(StoreError) in
        NamedKeyRow(
          name: try row.text(0), purpose: try row.text(1), algorithm: try row.text(2),
          rotateAfter: try row.optionalInteger(3), maxUses: try row.optionalInteger(4),
          createdAt: try row.time(5))
      }
    }
  }

  private borrowing func keyVersions(
    _ condition: String, _ values: [SQLValue]
  ) throws(StoreError) -> [KeyVersionRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT object, version, state, reason, created_at, changed_at, uses, substr(envelope, 6, 1),
          public_key, active_from
        FROM wrapped_key
        WHERE \(condition) ORDER BY object, purpose, version
        """, values
      ) { (row) throws(StoreError) in
        KeyVersionRow(
          object: try row.text(0), version: try row.integer(1), state: try row.text(2),
          reason: try row.optionalText(3), createdAt: try row.time(4), changedAt: try row.optionalTime(5),
          uses: try row.integer(6), sealing: try row.optionalBlob(7)?.first,
          publicKey: try row.optionalBlob(8), activeFrom: try row.optionalTime(9))
      }
    }
  }
}

extension Transaction {
  /// Makes a named key, without a version yet.
  package borrowing func insertNamedKey(
    name: String, purpose: String, algorithm: String, rotateAfter: Int64?, maxUses: Int64?
  ) throws(StoreError) -> NamedKeyRow {
    try requireTenant()
    guard try namedKey(tenant: tenant, name: name) == nil else { throw .exists(kind: "key", name: name) }
    try database.run(
      """
      INSERT INTO named_key (tenant, name, purpose, algorithm, rotate_after, max_uses, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text(tenant), .text(name), .text(purpose), .text(algorithm), .integer(rotateAfter),
        .integer(maxUses), now,
      ])
    return NamedKeyRow(
      name: name, purpose: purpose, algorithm: algorithm, rotateAfter: rotateAfter, maxUses: maxUses,
      createdAt: time)
  }

  package borrowing func setRotation(
    ofKey name: String, rotateAfter: Int64?, maxUses: Int64?
  ) throws(StoreError) {
    let changed = try database.run(
      "UPDATE named_key SET rotate_after = ?, max_uses = ? WHERE tenant = ? AND name = ?",
      [.integer(rotateAfter), .integer(maxUses), .text(tenant), .text(name)])
    guard changed == 1 else { throw .notFound(kind: "key", name: name) }
  }

  /// Remembers that a launch was given a version of a key.
  package borrowing func insertKeyLaunch(
    key name: String, version: Int64, launch: String, guest: String
  ) throws(StoreError) {
    try database.run(
      """
      INSERT OR REPLACE INTO key_launch (tenant, name, launch, version, guest, used_at)
      VALUES (?, ?, ?, ?, ?, ?)
      """, [.text(tenant), .text(name), .text(launch), .integer(version), .text(guest), now])
  }
}
