package import Bytes

/// One version of a launch policy. Versions are never changed; a deleted policy keeps them.
package struct PolicyRow: Equatable, Sendable {
  package let tenant: String
  package let name: String
  /// From 1.
  package let version: Int64
  package let type: String
  package let value: UInt64
  /// JSON: what the policy asks for besides its bits.
  package let rules: String
  package let note: String
  package let createdAt: Timestamp
  package let isDeleted: Bool
}

extension StateReading where Self: ~Copyable {
  /// A policy's newest version, nil once the policy is deleted.
  package borrowing func policy(tenant: String, name: String) throws(StoreError) -> PolicyRow? {
    let newest = try policies(
      "tenant = ? AND name = ? ORDER BY version DESC LIMIT 1", [.text(tenant), .text(name)])
    return newest.first { !$0.isDeleted }
  }

  /// One version, deleted or not: what a launch record refers to.
  package borrowing func policy(tenant: String, name: String, version: Int64) throws(StoreError) -> PolicyRow?
  {
    try policies(
      "tenant = ? AND name = ? AND version = ?", [.text(tenant), .text(name), .integer(version)]
    ).first
  }

  /// Every version of a policy, oldest first, deleted or not.
  package borrowing func policyVersions(tenant: String, name: String) throws(StoreError) -> [PolicyRow] {
    try policies("tenant = ? AND name = ? ORDER BY version", [.text(tenant), .text(name)])
  }

  /// The newest version of each of a tenant's policies that are not deleted, by name.
  package borrowing func policies(tenant: String) throws(StoreError) -> [PolicyRow] {
    try policies(
      """
      tenant = ? AND deleted = 0
      AND version = (
        SELECT max(version) FROM policy AS p WHERE p.tenant = policy.tenant AND p.name = policy.name)
      ORDER BY name
      """, [.text(tenant)])
  }

  private borrowing func policies(_ condition: String, _ values: [SQLValue]) throws(StoreError) -> [PolicyRow]
  {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT tenant, name, version, type, value, rules, note, created_at, deleted FROM policy
        WHERE \(condition)
        """, values
      ) { (row) throws(StoreError) in
        PolicyRow(
          tenant: try row.text(0), name: try row.text(1), version: try row.integer(2), type: try row.text(3),
          value: try row.bits(4), rules: try row.text(5), note: try row.text(6), createdAt: try row.time(7),
          isDeleted: try row.bool(8))
      }
    }
  }
}

extension Transaction {
  /// Adds a version of a policy, the first or the next; its number.
  @discardableResult
  package borrowing func addPolicyVersion(
    name: String, type: String, value: UInt64, rules: String = "{}", note: String = ""
  ) throws(StoreError) -> Int64 {
    try requireTenant()
    let version = (try policyVersions(tenant: tenant, name: name).last?.version ?? 0) + 1
    try database.run(
      """
      INSERT INTO policy (tenant, name, version, type, value, rules, note, created_at, deleted)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
      """,
      [
        .text(tenant), .text(name), .integer(version), .text(type), .bits(value), .text(rules), .text(note),
        now,
      ])
    return version
  }

  /// Deletes a policy: its versions stay readable by number, and their numbers are not used again.
  package borrowing func deletePolicy(name: String) throws(StoreError) {
    let changed = try database.run(
      "UPDATE policy SET deleted = 1 WHERE tenant = ? AND name = ? AND deleted = 0",
      [.text(tenant), .text(name)])
    guard changed > 0 else { throw .notFound(kind: "policy", name: name) }
  }
}
