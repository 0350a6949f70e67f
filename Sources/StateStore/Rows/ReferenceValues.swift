package import Bytes

/// One version of a reference value. Versions are never changed; a deleted one keeps its number.
package struct ReferenceValueRow: Equatable, Sendable {
  package let tenant: String
  package let name: String
  /// From 1.
  package let version: Int64
  /// The text that is signed.
  package let value: [UInt8]
  package let signature: [UInt8]
  package let createdAt: Timestamp
}

extension StateReading where Self: ~Copyable {
  /// A version that is not deleted; the newest of these where none is named.
  package borrowing func referenceValue(
    tenant: String, name: String, version: Int64? = nil
  ) throws(StoreError) -> ReferenceValueRow? {
    try referenceValues(
      "name = ? AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1", tenant,
      [.text(name), .integer(version)]
    ).first
  }

  /// All of a tenant's, by name, the newest version first; those alone unless `allVersions`.
  package borrowing func referenceValues(
    tenant: String, allVersions: Bool = false
  ) throws(StoreError) -> [ReferenceValueRow] {
    let newest = """
      version = (
        SELECT max(version) FROM reference_value AS r
        WHERE r.tenant = reference_value.tenant AND r.name = reference_value.name AND deleted = 0)
      """
    return try referenceValues("\(allVersions ? "1" : newest) ORDER BY name, version DESC", tenant, [])
  }

  private borrowing func referenceValues(
    _ condition: String, _ tenant: String, _ values: [SQLValue]
  ) throws(StoreError) -> [ReferenceValueRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT tenant, name, version, value, signature, created_at FROM reference_value
        WHERE tenant = ? AND deleted = 0 AND \(condition)
        """, [.text(tenant)] + values
      ) { (row) throws(StoreError) in
        ReferenceValueRow(
          tenant: try row.text(0), name: try row.text(1), version: try row.integer(2),
          value: try row.blob(3), signature: try row.blob(4), createdAt: try row.time(5))
      }
    }
  }
}

extension Transaction {
  /// The number that the next version of a reference value has. Those of deleted ones are not used again.
  package borrowing func nextReferenceVersion(name: String) throws(StoreError) -> Int64 {
    let last = try database.first(
      "SELECT coalesce(max(version), 0) FROM reference_value WHERE tenant = ? AND name = ?",
      [.text(tenant), .text(name)]
    ) { (row) throws(StoreError) in try row.integer(0) }
    return (last ?? 0) + 1
  }

  package borrowing func insertReferenceValue(
    name: String, version: Int64, value: [UInt8], signature: [UInt8]
  ) throws(StoreError) {
    try requireTenant()
    try database.run(
      """
      INSERT INTO reference_value (tenant, name, version, value, signature, created_at, deleted)
      VALUES (?, ?, ?, ?, ?, ?, 0)
      """, [.text(tenant), .text(name), .integer(version), .blob(value), .blob(signature), now])
  }

  /// Deletes a version of a reference value, or all of them where none is named.
  package borrowing func deleteReferenceValue(name: String, version: Int64?) throws(StoreError) {
    let changed = try database.run(
      """
      UPDATE reference_value SET deleted = 1
      WHERE tenant = ? AND name = ? AND version = coalesce(?, version) AND deleted = 0
      """, [.text(tenant), .text(name), .integer(version)])
    guard changed > 0 else {
      throw .notFound(kind: "reference value", name: name + (version.map { "@\($0)" } ?? ""))
    }
  }
}
