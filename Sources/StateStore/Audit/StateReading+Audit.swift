package import Bytes

/// Which records are asked for; all conditions hold.
package struct AuditFilter: Equatable, Sendable {
  /// Nil: everybody's, those of the whole store among them. For who runs the store.
  package var tenant: String?
  /// Acts on the guest of this name.
  package var guest: String?
  /// `guest.start`, or `guest` for all acts on guests.
  package var act: String?
  package var since: Timestamp?
  /// Up to and with this moment.
  package var until: Timestamp?

  package init(
    tenant: String?, guest: String? = nil, act: String? = nil, since: Timestamp? = nil,
    until: Timestamp? = nil
  ) {
    self.tenant = tenant
    self.guest = guest
    self.act = act
    self.since = since
    self.until = until
  }

  fileprivate var conditions: [(sql: String, values: [SQLValue])] {
    var conditions: [(sql: String, values: [SQLValue])] = []
    if let tenant { conditions.append(("tenant = ?", [.text(tenant)])) }
    if let guest {
      conditions.append(
        ("object = ? AND (act GLOB 'guest.*' OR act GLOB 'launch.*' OR act GLOB 'secret.*')", [.text(guest)]))
    }
    if let act {
      conditions.append(
        ("(act = ? OR substr(act, 1, length(?) + 1) = ? || '.')", [.text(act), .text(act), .text(act)]))
    }
    if let since { conditions.append(("time >= ?", [.integer(since.microseconds)])) }
    if let until { conditions.append(("time <= ?", [.integer(until.microseconds)])) }
    return conditions
  }
}

extension StateReading where Self: ~Copyable {
  /// A tenant's records in order, from a sequence number on.
  package borrowing func auditEntries(
    tenant: String, from sequence: Int64 = 1, limit: Int = .max
  ) throws(StoreError) -> [AuditEntry] {
    try entries(
      "SELECT record, leaf_hash FROM audit WHERE tenant = ? AND seq >= ? ORDER BY seq LIMIT ?",
      [.text(tenant), .integer(sequence), .integer(limit)])
  }

  /// Everybody's records, for who runs the store.
  package borrowing func auditEntriesOfEveryTenant(
    from sequence: Int64 = 1, limit: Int = .max
  ) throws(StoreError) -> [AuditEntry] {
    try entries(
      "SELECT record, leaf_hash FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?",
      [.integer(sequence), .integer(limit)])
  }

  /// The records that a filter lets through, in order: from a sequence number on, or with `newest` the last ones.
  package borrowing func auditEntries(
    _ filter: AuditFilter, from sequence: Int64 = 1, limit: Int = .max, newest: Bool = false
  ) throws(StoreError) -> [AuditEntry] {
    let conditions = [(sql: "seq >= ?", values: [SQLValue.integer(sequence)])] + filter.conditions
    let found = try entries(
      """
      SELECT record, leaf_hash FROM audit WHERE \(conditions.map(\.sql).joined(separator: " AND "))
      ORDER BY seq \(newest ? "DESC" : "ASC") LIMIT ?
      """, conditions.flatMap(\.values) + [.integer(limit)])
    return newest ? found.reversed() : found
  }

  /// A tenant's attempts that have no outcome: under way, or interrupted.
  package borrowing func openAttempts(tenant: String) throws(StoreError) -> [Attempt] {
    try entries(
      """
      SELECT record, leaf_hash FROM audit AS a WHERE tenant = ? AND phase = 'attempt'
      AND NOT EXISTS (SELECT 1 FROM audit WHERE attempt = a.seq) ORDER BY seq
      """, [.text(tenant)]
    ).map { Attempt(sequence: $0.sequence, record: $0.record) }
  }

  private borrowing func entries(_ sql: String, _ values: [SQLValue]) throws(StoreError) -> [AuditEntry] {
    try read { (reader) throws(StoreError) in
      try reader.rows(sql, values) { (row) throws(StoreError) in
        guard let entry = AuditEncoding.decode(try row.blob(0), leafHash: try row.blob(1)) else {
          throw row.damage(0)
        }
        return entry
      }
    }
  }
}
