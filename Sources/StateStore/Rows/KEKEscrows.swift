package import Bytes

/// That somebody was given a version of a tenant's KEK to keep.
package struct KEKEscrowRow: Equatable, Sendable {
  package let tenant: String
  package let version: Int64
  /// A recipient's fingerprint (32 bytes), or the number of a set of shares (8 bytes).
  package let holder: [UInt8]
  /// How many of how many shares; nil for a recipient.
  package let threshold: Int?
  package let shares: Int?
  package let createdAt: Timestamp
  /// Of that version of the KEK now.
  package let state: String
}

extension StateReading where Self: ~Copyable {
  /// All escrows of a tenant's KEK, or of every tenant's, oldest version first.
  /// - Parameters:
  ///   - object: of the vault's own keys.
  ///   - purpose: likewise.
  package borrowing func escrows(
    tenant: String?, object: String, purpose: String
  ) throws(StoreError) -> [KEKEscrowRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT e.tenant, e.version, e.holder, e.threshold, e.shares, e.created_at, k.state
        FROM kek_escrow e JOIN wrapped_key k
          ON k.tenant = e.tenant AND k.object = ? AND k.purpose = ? AND k.version = e.version
        \(tenant == nil ? "" : "WHERE e.tenant = ?")
        ORDER BY e.tenant, e.version, e.created_at, e.holder
        """, [.text(object), .text(purpose)] + (tenant.map { [.text($0)] } ?? [])
      ) { (row) throws(StoreError) in
        KEKEscrowRow(
          tenant: try row.text(0), version: try row.integer(1), holder: try row.blob(2),
          threshold: try row.optionalInteger(3).map { Int($0) },
          shares: try row.optionalInteger(4).map { Int($0) },
          createdAt: try row.time(5), state: try row.text(6))
      }
    }
  }
}

extension Transaction {
  /// Remembers who was given a version of the tenant's KEK. `threshold` and `shares`: of a set of shares.
  package borrowing func insertEscrow(
    version: Int64, holder: [UInt8], threshold: Int? = nil, shares: Int? = nil
  ) throws(StoreError) {
    try requireTenant()
    try database.run(
      """
      INSERT OR REPLACE INTO kek_escrow (tenant, version, holder, threshold, shares, created_at)
      VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        .text(tenant), .integer(version), .blob(holder), .integer(threshold.map { Int64($0) }),
        .integer(shares.map { Int64($0) }), now,
      ])
  }
}
