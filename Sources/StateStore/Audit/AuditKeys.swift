package import Bytes
package import CVMCrypto
package import PostQuantum

/// A key of the log as it is stored: the private half wrapped by the vault.
package struct AuditKeyRow: Equatable, Sendable {
  package let version: Int64
  /// The log's name, which is also the key's: `cvmctl/audit/` and 16 hexadecimal digits of chance.
  package let origin: String
  /// Ed25519.
  package let publicKey: [UInt8]
  /// Of the key that signs each head a second time; nil for a log made before there was one.
  package let compositeKey: [UInt8]?
  /// Empty for a key that was replaced: nobody can sign with it any more.
  package let envelope: [UInt8]
  package let createdAt: Timestamp

  package init(
    version: Int64, origin: String, publicKey: [UInt8], compositeKey: [UInt8]? = nil, envelope: [UInt8],
    createdAt: Timestamp
  ) {
    self.compositeKey = compositeKey
    self.version = version
    self.origin = origin
    self.publicKey = publicKey
    self.envelope = envelope
    self.createdAt = createdAt
  }

  package func verifier() throws(CryptoError) -> VerifierKey {
    try VerifierKey(name: origin, key: Ed25519.PublicKey(publicKey))
  }

  /// All that must have signed a head.
  package func verifiers() throws(CryptoError) -> [VerifierKey] {
    let first = try verifier()
    guard let compositeKey else { return [first] }
    return [
      first, try VerifierKey(name: origin, .composite(CompositeSignature.PublicKey(compositeKey))),
    ]
  }
}

/// A key of the log, opened.
package struct AuditSigner: Sendable {
  package let origin: String
  package let key: Ed25519.PrivateKey
  private let seed: SecretBytes?

  /// - Parameter composite: the seed of the key that signs a second time (`CompositeSignature`). Its key pair is made only where
  ///   something is signed: that takes longer than most acts.
  package init(origin: String, key: Ed25519.PrivateKey, composite seed: SecretBytes? = nil) {
    self.origin = origin
    self.key = key
    self.seed = seed
  }

  /// Nil for a log made before there was a second key.
  package func composite() throws(CryptoError) -> CompositeSignature.PrivateKey? {
    guard let seed else { return nil }
    return try CompositeSignature.PrivateKey(seed: seed)
  }

  /// The signature lines under a note's body, one for each key. `context`: what the note is.
  package func signatures(of body: String, context: String) throws(CryptoError) -> [NoteSignature] {
    let first = NoteSignature(
      name: origin, id: try VerifierKey(name: origin, key: key.publicKey).id,
      signature: try key.sign(Array(body.utf8)))
    guard let composite = try composite() else { return [first] }
    return [
      first,
      NoteSignature(
        name: origin, id: try VerifierKey(name: origin, .composite(composite.publicKey)).id,
        signature: try composite.sign(Array(body.utf8), context: Array(context.utf8))),
    ]
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
    try rows(
      "SELECT version, origin, public_key, composite_key, envelope, created_at FROM audit_key ORDER BY version"
    ) {
      (row) throws(StoreError) in
      AuditKeyRow(
        version: try row.integer(0), origin: try row.text(1), publicKey: try row.blob(2),
        compositeKey: try row.optionalBlob(3), envelope: try row.blob(4), createdAt: try row.time(5))
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
      """
      INSERT INTO audit_key (version, origin, public_key, composite_key, envelope, created_at)
      VALUES (?, ?, ?, ?, ?, ?)
      """,
      [
        .integer(key.version), .text(key.origin), .blob(key.publicKey), .blob(key.compositeKey),
        .blob(key.envelope), .integer(key.createdAt.microseconds),
      ])
  }
}
