package import Bytes

/// A key in its envelope. What the envelope and the state mean, the vault knows.
package struct WrappedKeyRow: Equatable, Sendable {
  package let object: String
  package let purpose: String
  package let version: Int64
  package let state: String
  package let envelope: [UInt8]
  package let createdAt: Timestamp
  /// How the key itself works, where its object does not say so.
  package let algorithm: String?
}

extension StateReading where Self: ~Copyable {
  package borrowing func wrappedKey(
    tenant: String, object: String, purpose: String, version: Int64
  ) throws(StoreError) -> WrappedKeyRow? {
    try wrappedKeys(
      "tenant = ? AND object = ? AND purpose = ? AND version = ?",
      [.text(tenant), .text(object), .text(purpose), .integer(version)]
    ).first
  }

  /// Every version of a key, oldest first.
  package borrowing func wrappedKeys(
    tenant: String, object: String, purpose: String
  ) throws(StoreError) -> [WrappedKeyRow] {
    try wrappedKeys(
      "tenant = ? AND object = ? AND purpose = ? ORDER BY version",
      [.text(tenant), .text(object), .text(purpose)])
  }

  /// All of a tenant's keys, by object, purpose and version.
  package borrowing func wrappedKeys(tenant: String) throws(StoreError) -> [WrappedKeyRow] {
    try wrappedKeys("tenant = ? ORDER BY object, purpose, version", [.text(tenant)])
  }

  /// Whether any tenant or the audit log has any key: then the root that they hang from must exist.
  package borrowing func hasWrappedKeys() throws(StoreError) -> Bool {
    try read { (reader) throws(StoreError) in
      try reader.first("SELECT 1 FROM wrapped_key UNION ALL SELECT 1 FROM audit_key LIMIT 1") {
        (_) throws(StoreError) in true
      } ?? false
    }
  }

  /// The tenants that have a key named `object` of an algorithm.
  package borrowing func tenants(withKey object: String, algorithm: String) throws(StoreError) -> [String] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT DISTINCT k.tenant FROM tenant t CROSS JOIN wrapped_key k ON k.tenant = t.name AND k.object = ?
        WHERE k.algorithm = ?
        """,
        [.text(object), .text(algorithm)]
      ) { (row) throws(StoreError) in try row.text(0) }
    }
  }

  /// How many versions of the keys named `object` there are of all tenants, without those in `state`.
  package borrowing func wrappedKeyCount(object: String, withoutState state: String) throws(StoreError) -> Int
  {
    try read { (reader) throws(StoreError) in
      try reader.first(
        "SELECT count(*) FROM wrapped_key WHERE object = ? AND state <> ?", [.text(object), .text(state)]
      ) { (row) throws(StoreError) in Int(clamping: try row.integer(0)) } ?? 0
    }
  }

  private borrowing func wrappedKeys(
    _ condition: String, _ values: [SQLValue]
  ) throws(StoreError) -> [WrappedKeyRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT object, purpose, version, state, envelope, created_at, algorithm FROM wrapped_key
        WHERE \(condition)
        """, values
      ) { (row) throws(StoreError) in
        WrappedKeyRow(
          object: try row.text(0), purpose: try row.text(1), version: try row.integer(2),
          state: try row.text(3),
          envelope: try row.blob(4), createdAt: try row.time(5), algorithm: try row.optionalText(6))
      }
    }
  }
}

extension Transaction {
  package borrowing func insertWrappedKey(
    object: String, purpose: String, version: Int64, state: String, envelope: [UInt8],
    algorithm: String? = nil, publicKey: [UInt8]? = nil, activeFrom: Timestamp? = nil
  ) throws(StoreError) {
    try requireTenant()
    guard try wrappedKey(tenant: tenant, object: object, purpose: purpose, version: version) == nil else {
      throw .exists(kind: "key", name: "\(object) \(purpose) \(version)")
    }
    try database.run(
      """
      INSERT INTO wrapped_key
        (tenant, object, purpose, version, state, envelope, created_at, algorithm, public_key, active_from)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        .text(tenant), .text(object), .text(purpose), .integer(version), .text(state), .blob(envelope), now,
        .text(algorithm), .blob(publicKey), .integer(activeFrom?.microseconds),
      ])
  }

  /// Gives a key another state, and another envelope: wrapped anew, or empty when the key is to be gone. An
  /// erased envelope is out of all files after the store's `checkpoint`.
  package borrowing func updateWrappedKey(
    object: String, purpose: String, version: Int64, state: String, envelope: [UInt8]
  ) throws(StoreError) {
    let changed = try database.run(
      """
      UPDATE wrapped_key SET state = ?, envelope = ?
      WHERE tenant = ? AND object = ? AND purpose = ? AND version = ?
      """,
      [
        .text(state), .blob(envelope), .text(tenant), .text(object), .text(purpose), .integer(version),
      ])
    guard changed == 1 else { throw .notFound(kind: "key", name: "\(object) \(purpose) \(version)") }
  }
  /// Gives a key another state; its envelope stays. `reason`: why, in one word.
  package borrowing func setKeyState(
    object: String, purpose: String, version: Int64, state: String, reason: String?
  ) throws(StoreError) {
    let changed = try database.run(
      """
      UPDATE wrapped_key SET state = ?, reason = ?, changed_at = ?
      WHERE tenant = ? AND object = ? AND purpose = ? AND version = ?
      """,
      [
        .text(state), .text(reason), now, .text(tenant), .text(object), .text(purpose), .integer(version),
      ])
    guard changed == 1 else { throw .notFound(kind: "key", name: "\(object) \(purpose) \(version)") }
  }

  /// Counts one more use of a key.
  package borrowing func countUse(object: String, purpose: String, version: Int64) throws(StoreError) {
    let changed = try database.run(
      """
      UPDATE wrapped_key SET uses = uses + 1 WHERE tenant = ? AND object = ? AND purpose = ? AND version = ?
      """, [.text(tenant), .text(object), .text(purpose), .integer(version)])
    guard changed == 1 else { throw .notFound(kind: "key", name: "\(object) \(purpose) \(version)") }
  }
}
