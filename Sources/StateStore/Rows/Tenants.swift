package import Bytes

/// A tenant.
package struct TenantRow: Equatable, Sendable {
  package let name: String
  /// The caller's word; `active` for a new one.
  package let state: String
  package let createdAt: Timestamp
}

extension StateReading where Self: ~Copyable {
  package borrowing func tenantRow(_ name: String) throws(StoreError) -> TenantRow? {
    try read { (reader) throws(StoreError) in
      try reader.first(
        "SELECT name, state, created_at FROM tenant WHERE name = ?", [.text(name)], TenantRow.read)
    }
  }

  /// All tenants by name, for who runs the store.
  package borrowing func tenants() throws(StoreError) -> [TenantRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows("SELECT name, state, created_at FROM tenant ORDER BY name", [], TenantRow.read)
    }
  }
}

extension Transaction {
  /// Makes the record's tenant.
  package borrowing func createTenant() throws(StoreError) {
    guard !tenant.isEmpty else { throw .misuse(reason: "a tenant without a name") }
    guard try tenantRow(tenant) == nil else { throw .exists(kind: "tenant", name: tenant) }
    try database.run(
      "INSERT INTO tenant (name, state, created_at) VALUES (?, 'active', ?)", [.text(tenant), now])
  }

  package borrowing func setTenantState(_ state: String) throws(StoreError) {
    let changed = try database.run(
      "UPDATE tenant SET state = ? WHERE name = ?", [.text(state), .text(tenant)])
    guard changed == 1 else { throw .notFound(kind: "tenant", name: tenant) }
  }

  /// Removes the record's tenant, who must own nothing any more. Its audit records stay.
  package borrowing func deleteTenant() throws(StoreError) {
    for (table, what) in [
      ("guest", "guests"), ("launch", "launch records"), ("wrapped_key", "keys"), ("policy", "policies"),
      ("host_certificate", "host certificates"),
    ] {
      let found = try database.first("SELECT 1 FROM \(table) WHERE tenant = ?", [.text(tenant)]) {
        (row) throws(StoreError) in try row.integer(0)
      }
      guard found == nil else { throw .conflict(kind: "tenant", name: tenant, reason: "still has \(what)") }
    }
    guard try database.run("DELETE FROM tenant WHERE name = ?", [.text(tenant)]) == 1 else {
      throw .notFound(kind: "tenant", name: tenant)
    }
  }
}

extension TenantRow {
  fileprivate static func read(_ row: borrowing Row) throws(StoreError) -> TenantRow {
    TenantRow(name: try row.text(0), state: try row.text(1), createdAt: try row.time(2))
  }
}
