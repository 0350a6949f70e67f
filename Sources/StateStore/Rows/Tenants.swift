package import Bytes

/// A tenant.
package struct TenantRow: Equatable, Sendable {
  package let name: String
  package let state: TenantState
  /// JSON.
  package let labels: String
  package let createdAt: Timestamp
}

package enum TenantState: String, Equatable, Sendable {
  case active
  /// Its guests don't start and its keys don't open; reading works.
  case suspended
  /// Its keys are erased: it is suspended for good.
  case destroyed
}

/// What a tenant owns, in numbers.
package struct TenantHoldings: Equatable, Sendable {
  package var guests = 0
  /// Versions of keys that are not destroyed.
  package var keys = 0
  package var launches = 0

  package init(guests: Int = 0, keys: Int = 0, launches: Int = 0) {
    self.guests = guests
    self.keys = keys
    self.launches = launches
  }
}

extension StateReading where Self: ~Copyable {
  package borrowing func tenantRow(_ name: String) throws(StoreError) -> TenantRow? {
    try read { (reader) throws(StoreError) in
      try reader.first(
        "SELECT name, state, labels, created_at FROM tenant WHERE name = ?", [.text(name)], TenantRow.read)
    }
  }

  /// All tenants by name, for who runs the store.
  package borrowing func tenants() throws(StoreError) -> [TenantRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        "SELECT name, state, labels, created_at FROM tenant ORDER BY name", [], TenantRow.read)
    }
  }

  /// What every tenant owns, one query a kind; who owns nothing is left out. `uncounted`: an object whose keys
  /// do not count, as they are the vault's own.
  package borrowing func tenantHoldings(
    uncounted object: String
  ) throws(StoreError) -> [String: TenantHoldings] {
    try holdings("tenant IS NOT ?", .text(""), object)
  }

  /// As `tenantHoldings(uncounted:)`, of one tenant.
  package borrowing func holdings(
    ofTenant name: String, uncounted object: String
  ) throws(StoreError) -> TenantHoldings {
    try holdings("tenant = ?", .text(name), object)[name] ?? TenantHoldings()
  }

  private borrowing func holdings(
    _ condition: String, _ value: SQLValue, _ uncounted: String
  ) throws(StoreError) -> [String: TenantHoldings] {
    try read { (reader) throws(StoreError) in
      var found: [String: TenantHoldings] = [:]
      func count(
        _ table: String, _ more: String, _ values: [SQLValue], _ field: WritableKeyPath<TenantHoldings, Int>
      ) throws(StoreError) {
        let sql = "SELECT tenant, count(*) FROM \(table) WHERE \(condition)\(more) GROUP BY tenant"
        let counts = try reader.rows(sql, [value] + values) { (row) throws(StoreError) in
          (tenant: try row.text(0), count: try row.int(1))
        }
        for (tenant, count) in counts { found[tenant, default: TenantHoldings()][keyPath: field] = count }
      }
      try count("guest", "", [], \.guests)
      try count("wrapped_key", " AND object <> ? AND state <> 'destroyed'", [.text(uncounted)], \.keys)
      try count("launch", "", [], \.launches)
      return found
    }
  }
}

extension Transaction {
  /// Makes the record's tenant. `labels` is JSON.
  package borrowing func createTenant(labels: String = "{}") throws(StoreError) {
    guard !tenant.isEmpty else { throw .misuse(reason: "a tenant without a name") }
    guard try tenantRow(tenant) == nil else { throw .exists(kind: "tenant", name: tenant) }
    try database.run(
      "INSERT INTO tenant (name, state, labels, created_at) VALUES (?, 'active', ?, ?)",
      [.text(tenant), .text(labels), now])
  }

  package borrowing func setTenantState(_ state: TenantState) throws(StoreError) {
    try changeTenant("state", state.rawValue)
  }

  /// `labels` is JSON.
  package borrowing func setTenantLabels(_ labels: String) throws(StoreError) {
    try changeTenant("labels", labels)
  }

  private borrowing func changeTenant(_ column: String, _ value: String) throws(StoreError) {
    let changed = try database.run(
      "UPDATE tenant SET \(column) = ? WHERE name = ?", [.text(value), .text(tenant)])
    guard changed == 1 else { throw .notFound(kind: "tenant", name: tenant) }
  }

  /// Removes the record's tenant with its credentials. It must own nothing any more; of a destroyed one what
  /// is left but its guests goes with it. Its audit records stay.
  package borrowing func deleteTenant() throws(StoreError) {
    guard let row = try tenantRow(tenant) else { throw .notFound(kind: "tenant", name: tenant) }
    let owned = row.state == .destroyed ? Self.tables.prefix(1) : Self.tables[...]
    var left: [String] = []
    for (table, one, many) in owned {
      let count = try database.first("SELECT count(*) FROM \(table) WHERE tenant = ?", [.text(tenant)]) {
        (row) throws(StoreError) in try row.int(0)
      }
      if let count, count > 0 { left.append("\(count) \(count == 1 ? one : many)") }
    }
    guard left.isEmpty else {
      throw .conflict(kind: "tenant", name: tenant, reason: "still has \(left.joined(separator: ", "))")
    }
    for table in Self.tables.dropFirst().map(\.name) + [
      "tenant_token", "named_key", "key_launch", "kek_escrow",
    ] {
      try database.run("DELETE FROM \(table) WHERE tenant = ?", [.text(tenant)])
    }
    try database.run("DELETE FROM tenant WHERE name = ?", [.text(tenant)])
  }

  /// The tables of what a tenant owns, its guests' first, each with what a row of it is.
  private static var tables: [(name: String, one: String, many: String)] {
    [
      ("guest", "guest", "guests"), ("launch", "launch record", "launch records"),
      ("wrapped_key", "key", "keys"), ("policy", "policy version", "policy versions"),
      ("host_certificate", "host certificate", "host certificates"),
      ("reference_value", "reference value", "reference values"),
    ]
  }
}

extension TenantRow {
  fileprivate static func read(_ row: borrowing Row) throws(StoreError) -> TenantRow {
    guard let state = TenantState(rawValue: try row.text(1)) else { throw row.damage(1) }
    return TenantRow(name: try row.text(0), state: state, labels: try row.text(2), createdAt: try row.time(3))
  }
}
