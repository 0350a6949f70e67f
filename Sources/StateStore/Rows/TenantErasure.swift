import CVMCrypto

/// An envelope that is to be erased, or was.
package struct EnvelopeDigest: Equatable, Sendable {
  package let object: String
  package let purpose: String
  package let version: Int64
  /// Of the envelope's bytes.
  package let sha256: [UInt8]
}

extension StateReading where Self: ~Copyable {
  /// The SHA-256 of every envelope of a tenant, those of its launches included, by object, purpose and version.
  package borrowing func envelopeDigests(tenant: String) throws(StoreError) -> [EnvelopeDigest] {
    try read { (reader) throws(StoreError) in
      try reader.rows(
        """
        SELECT object, purpose, version, envelope FROM wrapped_key WHERE tenant = ?1 AND length(envelope) > 0
        UNION ALL SELECT 'launch/' || id, 'tek', 1, wrapped_tek FROM launch
          WHERE tenant = ?1 AND wrapped_tek IS NOT NULL
        UNION ALL SELECT 'launch/' || id, 'tik', 1, wrapped_tik FROM launch
          WHERE tenant = ?1 AND wrapped_tik IS NOT NULL
        ORDER BY 1, 2, 3
        """, [.text(tenant)]
      ) { (row) throws(StoreError) in
        let envelope = try row.blob(3)
        let digest: [UInt8]
        do throws(CryptoError) { digest = try SHA256.hash(envelope) } catch {
          throw StoreError.failed(file: reader.database.file, reason: error.summary)
        }
        return EnvelopeDigest(
          object: try row.text(0), purpose: try row.text(1), version: try row.integer(2), sha256: digest)
      }
    }
  }
}

extension Transaction {
  /// Erases every envelope of the record's tenant and its credentials, and leaves it destroyed. Their bytes are
  /// out of all files after the store's `purge`.
  package borrowing func destroyTenant() throws(StoreError) {
    let own: [SQLValue] = [.text(tenant)]
    try database.run("UPDATE wrapped_key SET state = 'destroyed', envelope = x'' WHERE tenant = ?", own)
    try database.run("UPDATE launch SET wrapped_tek = NULL, wrapped_tik = NULL WHERE tenant = ?", own)
    try database.run("DELETE FROM tenant_token WHERE tenant = ?", own)
    try setTenantState(.destroyed)
  }
}
