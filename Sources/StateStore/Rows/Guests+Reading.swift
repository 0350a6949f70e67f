extension StateReading where Self: ~Copyable {
  /// A tenant's guests on a host, by name. One statement over a narrow table: 10,000 rows take milliseconds.
  package borrowing func guests(tenant: String, uri: String) throws(StoreError) -> [GuestSummary] {
    try summaries(
      SummaryReader(tenant: tenant, uri: uri), "uri = ? AND tenant = ? ORDER BY name",
      [.text(uri), .text(tenant)])
  }

  /// Everybody's guests on a host, by name, for who runs it.
  package borrowing func guestsOfEveryTenant(uri: String) throws(StoreError) -> [GuestSummary] {
    try summaries(SummaryReader(uri: uri), "uri = ? ORDER BY name", [.text(uri)])
  }

  /// A tenant's guests that are held to a policy, on any host.
  package borrowing func guests(tenant: String, policy: String) throws(StoreError) -> [GuestSummary] {
    try summaries(
      SummaryReader(tenant: tenant), "tenant = ? AND policy_name = ? ORDER BY uri, name",
      [.text(tenant), .text(policy)])
  }

  package borrowing func guest(tenant: String, uri: String, name: String) throws(StoreError) -> GuestRow? {
    try guest("name", name, SummaryReader(tenant: tenant, uri: uri))
  }

  package borrowing func guest(tenant: String, uri: String, uuid: String) throws(StoreError) -> GuestRow? {
    try guest("uuid", uuid, SummaryReader(tenant: tenant, uri: uri))
  }

  /// Whose guest this is, whoever asks; nil for one that nobody recorded.
  package borrowing func tenantOfGuest(uri: String, uuid: String) throws(StoreError) -> String? {
    try read { (database) throws(StoreError) in
      try database.first("SELECT tenant FROM guest WHERE uri = ? AND uuid = ?", [.text(uri), .text(uuid)]) {
        (row) throws(StoreError) in try row.text(0)
      }
    }
  }

  /// A tenant's guests on any host whose secrets have `text` in them: the secrets by host and name.
  package borrowing func guestSecrets(
    tenant: String, mentioning text: String
  ) throws(StoreError) -> [(uri: String, name: String, secrets: String)] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT uri, name, secrets FROM guest JOIN guest_definition USING (uri, uuid)
        WHERE tenant = ? AND instr(secrets, ?) > 0 ORDER BY uri, name
        """, [.text(tenant), .text(text)]
      ) { (row) throws(StoreError) in
        (uri: try row.text(0), name: try row.text(1), secrets: try row.text(2))
      }
    }
  }

  /// As `tenantOfGuest(uri:uuid:)`, by name.
  package borrowing func tenantOfGuest(uri: String, name: String) throws(StoreError) -> String? {
    try read { (database) throws(StoreError) in
      try database.first("SELECT tenant FROM guest WHERE uri = ? AND name = ?", [.text(uri), .text(name)]) {
        (row) throws(StoreError) in try row.text(0)
      }
    }
  }

  /// A tenant's guests on any host, for an act on all of them.
  package borrowing func guests(tenant: String) throws(StoreError) -> [GuestSummary] {
    try summaries(SummaryReader(tenant: tenant), "tenant = ? ORDER BY uri, name", [.text(tenant)])
  }

  private borrowing func summaries(
    _ summary: SummaryReader, _ condition: String, _ values: [SQLValue]
  ) throws(StoreError) -> [GuestSummary] {
    var summary = summary
    return try read { (reader) throws(StoreError) in
      try reader.rows("SELECT \(summary.columns) FROM guest WHERE \(condition)", values) {
        (row) throws(StoreError) in try summary.read(row)
      }
    }
  }

  private borrowing func guest(
    _ column: String, _ key: String, _ summary: SummaryReader
  ) throws(StoreError) -> GuestRow? {
    var summary = summary
    return try read { (reader) throws(StoreError) in
      try reader.first(
        """
        SELECT \(summary.columns), xml, secrets, created_at, updated_at, revision
        FROM guest JOIN guest_definition USING (uri, uuid) WHERE uri = ? AND \(column) = ? AND tenant = ?
        """, [.text(summary.uri), .text(key), .text(summary.tenant)]
      ) { (row) throws(StoreError) in
        GuestRow(
          summary: try summary.read(row), definition: try row.text(7), secrets: try row.text(8),
          createdAt: try row.time(9), updatedAt: try row.time(10), revision: try row.integer(11))
      }
    }
  }
}

/// Reads the columns of a list. What the query fixes it does not ask for; of what repeats itself from row to
/// row it keeps the last text.
private struct SummaryReader {
  let columns: String
  private(set) var tenant: String
  private(set) var uri: String
  private let tenantColumn: Int?
  private let uriColumn: Int?
  private var type = ""
  private var labels = ""
  private var policy = ""

  init(tenant: String? = nil, uri: String? = nil) {
    self.tenant = tenant ?? ""
    self.uri = uri ?? ""
    tenantColumn = tenant == nil ? 7 : nil
    uriColumn = uri == nil ? (tenant == nil ? 8 : 7) : nil
    columns =
      "name, uuid, type, labels, policy_name, policy_version, policy_value"
      + (tenant == nil ? ", tenant" : "") + (uri == nil ? ", uri" : "")
  }

  mutating func read(_ row: borrowing Row) throws(StoreError) -> GuestSummary {
    if let tenantColumn { _ = try row.text(tenantColumn, reusing: &tenant) }
    if let uriColumn { _ = try row.text(uriColumn, reusing: &uri) }
    return GuestSummary(
      tenant: tenant, uri: uri, name: try row.text(0), uuid: try row.text(1),
      type: try row.text(2, reusing: &type),
      policyName: row.isNull(4) ? nil : try row.text(4, reusing: &policy),
      policyVersion: try row.optionalInteger(5), policyValue: row.isNull(6) ? nil : try row.bits(6),
      labels: try row.text(3, reusing: &labels))
  }
}
