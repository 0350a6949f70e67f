package import Bytes

/// A credential of a tenant. What its holder shows is in no row: only its SHA-256 is kept.
package struct TenantTokenRow: Equatable, Sendable {
  /// For people: it opens nothing.
  package let id: String
  package let tenant: String
  package let createdAt: Timestamp
}

extension StateReading where Self: ~Copyable {
  /// The credential with this SHA-256, whoever's it is.
  package borrowing func tenantToken(digest: [UInt8]) throws(StoreError) -> TenantTokenRow? {
    try tokens("WHERE digest = ?", [.blob(digest)]).first
  }

  /// By its id, for who runs the store.
  package borrowing func tenantToken(id: String) throws(StoreError) -> TenantTokenRow? {
    try tokens("WHERE id = ?", [.text(id)]).first
  }

  package borrowing func tenantTokens(tenant: String) throws(StoreError) -> [TenantTokenRow] {
    try tokens("WHERE tenant = ? ORDER BY created_at, id", [.text(tenant)])
  }

  /// By tenant, the oldest first, for who runs the store.
  package borrowing func tokensOfEveryTenant() throws(StoreError) -> [TenantTokenRow] {
    try tokens("ORDER BY tenant, created_at, id", [])
  }

  private borrowing func tokens(
    _ condition: String, _ values: [SQLValue]
  ) throws(StoreError) -> [TenantTokenRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows("SELECT id, tenant, created_at FROM tenant_token \(condition)", values) {
        (row) throws(StoreError) in
        TenantTokenRow(id: try row.text(0), tenant: try row.text(1), createdAt: try row.time(2))
      }
    }
  }
}

extension Transaction {
  /// Adds a credential of the record's tenant by its SHA-256.
  package borrowing func insertTenantToken(id: String, digest: [UInt8]) throws(StoreError) {
    try requireTenant()
    guard try tenantToken(id: id) == nil, try tenantToken(digest: digest) == nil else {
      throw .exists(kind: "token", name: id)
    }
    try database.run(
      "INSERT INTO tenant_token (id, tenant, digest, created_at) VALUES (?, ?, ?, ?)",
      [.text(id), .text(tenant), .blob(digest), now])
  }

  package borrowing func deleteTenantToken(id: String) throws(StoreError) {
    let removed = try database.run(
      "DELETE FROM tenant_token WHERE id = ? AND tenant = ?", [.text(id), .text(tenant)])
    guard removed == 1 else { throw .notFound(kind: "token", name: id) }
  }
}
