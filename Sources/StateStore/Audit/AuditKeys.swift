package import Bytes
package import CVMCrypto

/// A key of the log as it is stored: the private half wrapped by the vault.
package struct AuditKeyRow: Equatable, Sendable {
  package let version: Int64
  /// The log's name, which is also the key's: `cvmctl/audit/` and 16 hexadecimal digits of chance.
  package let origin: String
  package let publicKey: [UInt8]
  package let envelope: [UInt8]
  package let createdAt: Timestamp

  package init(
    version: Int64, origin: String, publicKey: [UInt8], envelope: [UInt8], createdAt: Timestamp
  ) {
    self.version = version
    self.origin = origin
    self.publicKey = publicKey
    self.envelope = envelope
    self.createdAt = createdAt
  }

  package func verifier() throws(CryptoError) -> VerifierKey {
    try VerifierKey(name: origin, key: Ed25519.PublicKey(publicKey))
  }
}

/// A key of the log, opened.
package struct AuditSigner: Sendable {
  package let origin: String
  package let key: Ed25519.PrivateKey

  package init(origin: String, key: Ed25519.PrivateKey) {
    self.origin = origin
    self.key = key
  }
}

extension StateReading where Self: ~Copyable {
  /// The log's keys, oldest first; the newest signs.
  package borrowing func auditKeys() throws(StoreError) -> [AuditKeyRow] {
    try read { (reader) throws(StoreError) in try reader.auditKeys() }
  }
}

extension StoreReader {
  func auditKeys() throws(StoreError) -> [AuditKeyRow] {
    try rows("SELECT version, origin, public_key, envelope, created_at FROM audit_key ORDER BY version") {
      (row) throws(StoreError) in
      AuditKeyRow(
        version: try row.integer(0), origin: try row.text(1), publicKey: try row.blob(2),
        envelope: try row.blob(3), createdAt: try row.time(4))
    }
  }
}

extension Transaction {
  /// Keeps a key of the log. `.exists` where there is one of this version.
  package borrowing func insertAuditKey(_ key: AuditKeyRow) throws(StoreError) {
    guard try !auditKeys().contains(where: { $0.version == key.version }) else {
      throw .exists(kind: "audit key", name: String(key.version))
    }
    try database.run(
      "INSERT INTO audit_key (version, origin, public_key, envelope, created_at) VALUES (?, ?, ?, ?, ?)",
      [
        .integer(key.version), .text(key.origin), .blob(key.publicKey), .blob(key.envelope),
        .integer(key.createdAt.microseconds),
      ])
  }
}
