package import Bytes

/// A host's certificates as a tenant has imported them: bytes, checked by who reads them.
package struct HostCertificateRow: Equatable, Sendable {
  /// A host's URI or its platform's id.
  package let host: String
  package let cek: [UInt8]
  package let ask: [UInt8]?
  package let ark: [UInt8]?
  package let importedAt: Timestamp
}

extension StateReading where Self: ~Copyable {
  package borrowing func hostCertificate(tenant: String, host: String) throws(StoreError)
    -> HostCertificateRow?
  {
    try hostCertificates("tenant = ? AND host = ?", [.text(tenant), .text(host)]).first
  }

  /// All that a tenant has imported, by host.
  package borrowing func hostCertificates(tenant: String) throws(StoreError) -> [HostCertificateRow] {
    try hostCertificates("tenant = ? ORDER BY host", [.text(tenant)])
  }

  private borrowing func hostCertificates(
    _ condition: String, _ values: [SQLValue]
  ) throws(StoreError) -> [HostCertificateRow] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        "SELECT host, cek, ask, ark, imported_at FROM host_certificate WHERE \(condition)", values
      ) { (row) throws(StoreError) in
        HostCertificateRow(
          host: try row.text(0), cek: try row.blob(1), ask: try row.optionalBlob(2),
          ark: try row.optionalBlob(3),
          importedAt: try row.time(4))
      }
    }
  }
}

extension Transaction {
  /// Adds or replaces a host's certificates.
  package borrowing func setHostCertificate(
    host: String, cek: [UInt8], ask: [UInt8]?, ark: [UInt8]?
  ) throws(StoreError) {
    try requireTenant()
    try database.run(
      """
      INSERT INTO host_certificate (tenant, host, cek, ask, ark, imported_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (tenant, host) DO UPDATE SET
        cek = excluded.cek, ask = excluded.ask, ark = excluded.ark, imported_at = excluded.imported_at
      """, [.text(tenant), .text(host), .blob(cek), .blob(ask), .blob(ark), now])
  }

  package borrowing func deleteHostCertificate(host: String) throws(StoreError) {
    let removed = try database.run(
      "DELETE FROM host_certificate WHERE tenant = ? AND host = ?", [.text(tenant), .text(host)])
    guard removed == 1 else { throw .notFound(kind: "host certificate", name: host) }
  }
}
