package import Bytes

/// A launch of a guest. `record` is what its writer wants to remember besides, as JSON.
package struct LaunchRow: Equatable, Sendable {
  package var id: String
  package var uri: String
  package var guestUUID: String
  package var guestName: String
  package var startedAt: Timestamp
  package var endedAt: Timestamp?
  package var outcome: String
  package var verdict: String
  package var secretsInjected: Int64
  /// JSON.
  package var record: String
  /// Envelopes of the vault.
  package var wrappedTEK: [UInt8]?
  package var wrappedTIK: [UInt8]?

  package init(
    id: String, uri: String, guestUUID: String, guestName: String, startedAt: Timestamp,
    endedAt: Timestamp? = nil, outcome: String, verdict: String, secretsInjected: Int64 = 0, record: String,
    wrappedTEK: [UInt8]? = nil, wrappedTIK: [UInt8]? = nil
  ) {
    self.id = id
    self.uri = uri
    self.guestUUID = guestUUID
    self.guestName = guestName
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.outcome = outcome
    self.verdict = verdict
    self.secretsInjected = secretsInjected
    self.record = record
    self.wrappedTEK = wrappedTEK
    self.wrappedTIK = wrappedTIK
  }
}

extension StateReading where Self: ~Copyable {
  package borrowing func launch(tenant: String, id: String) throws(StoreError) -> LaunchRow? {
    try launches("tenant = ? AND id = ?", [.text(tenant), .text(id)], 1).first
  }

  /// A tenant's launches of one guest, newest first.
  package borrowing func launches(
    tenant: String, uri: String, guestUUID: String, limit: Int = .max
  ) throws(StoreError) -> [LaunchRow] {
    try launches(
      "tenant = ? AND uri = ? AND guest_uuid = ?", [.text(tenant), .text(uri), .text(guestUUID)], limit)
  }

  /// A tenant's launches at one host of whatever guest had the name then, newest first.
  package borrowing func launches(
    tenant: String, uri: String, guestName: String, limit: Int = .max
  ) throws(StoreError) -> [LaunchRow] {
    try launches(
      "tenant = ? AND uri = ? AND guest_name = ?", [.text(tenant), .text(uri), .text(guestName)], limit)
  }

  /// All of a tenant's launches, newest first.
  package borrowing func launches(tenant: String, limit: Int = .max) throws(StoreError) -> [LaunchRow] {
    try launches("tenant = ?", [.text(tenant)], limit)
  }

  private borrowing func launches(
    _ condition: String, _ values: [SQLValue], _ limit: Int
  ) throws(StoreError) -> [LaunchRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT id, uri, guest_uuid, guest_name, started_at, ended_at, outcome, verdict, secrets_injected,
          record, wrapped_tek, wrapped_tik
        FROM launch WHERE \(condition) ORDER BY started_at DESC, rowid DESC LIMIT ?
        """, values + [.integer(limit)], LaunchRow.read)
    }
  }
}

extension Transaction {
  package borrowing func insert(_ launch: LaunchRow) throws(StoreError) {
    try requireTenant()
    let taken = try database.first("SELECT 1 FROM launch WHERE id = ?", [.text(launch.id)]) {
      (_) throws(StoreError) in true
    }
    guard taken == nil else { throw .exists(kind: "launch", name: launch.id) }
    try database.run(
      """
      INSERT INTO launch (uri, guest_uuid, guest_name, started_at, ended_at, outcome, verdict,
        secrets_injected, record, wrapped_tek, wrapped_tik, id, tenant)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, values(launch))
  }

  /// Replaces the launch of this id.
  package borrowing func update(_ launch: LaunchRow) throws(StoreError) {
    let changed = try database.run(
      """
      UPDATE launch SET uri = ?, guest_uuid = ?, guest_name = ?, started_at = ?, ended_at = ?, outcome = ?,
        verdict = ?, secrets_injected = ?, record = ?, wrapped_tek = ?, wrapped_tik = ?
      WHERE id = ? AND tenant = ?
      """, values(launch))
    guard changed == 1 else { throw .notFound(kind: "launch", name: launch.id) }
  }

  private borrowing func values(_ launch: LaunchRow) -> [SQLValue] {
    [
      .text(launch.uri), .text(launch.guestUUID), .text(launch.guestName),
      .integer(launch.startedAt.microseconds), .integer(launch.endedAt?.microseconds), .text(launch.outcome),
      .text(launch.verdict), .integer(launch.secretsInjected), .text(launch.record), .blob(launch.wrappedTEK),
      .blob(launch.wrappedTIK), .text(launch.id), .text(tenant),
    ]
  }
}

extension LaunchRow {
  fileprivate static func read(_ row: borrowing Row) throws(StoreError) -> LaunchRow {
    LaunchRow(
      id: try row.text(0), uri: try row.text(1), guestUUID: try row.text(2), guestName: try row.text(3),
      startedAt: try row.time(4), endedAt: try row.optionalTime(5), outcome: try row.text(6),
      verdict: try row.text(7), secretsInjected: try row.integer(8), record: try row.text(9),
      wrappedTEK: try row.optionalBlob(10), wrappedTIK: try row.optionalBlob(11))
  }
}
