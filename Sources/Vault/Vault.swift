package import Bytes
package import CVMCrypto
package import StateStore

/// Keeps secrets wrapped: root key → tenant KEK (versioned) → data keys. Only envelopes reach the store.
package final class Vault: @unchecked Sendable {
  private let root: RootKey
  private let store: StateStore
  private let actor: String
  /// KEKs that were opened already, by tenant and version. Guarded by the core's lock: one vault is used by one core.
  private var keks: [String: SecretBytes] = [:]

  /// Opens the vault of a store, and makes its root key on first use.
  package init(store: StateStore, actor: String, patience: Duration = .seconds(10)) throws(VaultError) {
    let (directory, isNeeded) = try Self.place(store)
    root = try RootKey(in: directory, patience: patience, isNeeded: isNeeded)
    self.store = store
    self.actor = actor
  }

  private static func place(_ store: StateStore) throws(VaultError) -> (PrivateDirectory, isNeeded: Bool) {
    do {
      let isNeeded = try store.hasWrappedKeys()
      return (try store.directory.directory("vault", create: !isNeeded), isNeeded)
    } catch {
      throw .store(error)
    }
  }

  /// The envelope of a secret. A tenant's first one makes its KEK.
  package func wrap(_ secret: SecretBytes, for context: KeyContext, at now: Timestamp) throws(VaultError)
    -> [UInt8]
  {
    let (kek, version) = try newestKEK(of: context.tenant, at: now)
    return try Self.seal(secret, key: kek, kekVersion: version, context)
  }

  /// The secret in an envelope that was made for this very context.
  package func unwrap(_ envelope: [UInt8], for context: KeyContext) throws(VaultError) -> SecretBytes {
    let parsed = try Self.parsed(envelope)
    let kek = try kek(of: context.tenant, version: parsed.kekVersion)
    return try Self.open(parsed, key: kek, context)
  }
}

// MARK: Tenant KEKs

extension Vault {
  private static let kekObject = "kek"
  private static let kekPurpose = "wrap"

  private static func kekContext(_ tenant: String, _ version: UInt32) -> KeyContext {
    KeyContext(tenant: tenant, object: kekObject, version: version, purpose: kekPurpose)
  }

  private func newestKEK(of tenant: String, at now: Timestamp) throws(VaultError) -> (SecretBytes, UInt32) {
    if let newest = try kekRows(tenant).last, let version = UInt32(exactly: newest.version) {
      return (try kek(of: tenant, version: version), version)
    }
    let record = AuditRecord(
      time: now, tenant: tenant, actor: actor, act: "key.create", object: Self.kekObject)
    let fresh: SecretBytes
    do {
      fresh = try SecretBytes.random(AES256GCM.keySize)
    } catch {
      throw .crypto(error)
    }
    let envelope = try Self.seal(fresh, key: root.key, kekVersion: 0, Self.kekContext(tenant, 1))
    do throws(StoreError) {
      try store.act(record) { transaction throws(StoreError) in
        try transaction.insertWrappedKey(
          object: Self.kekObject, purpose: Self.kekPurpose, version: 1, state: "active", envelope: envelope)
      }
    } catch .exists {
      // Another process made the tenant's KEK meanwhile: that one counts.
      return (try kek(of: tenant, version: 1), 1)
    } catch {
      throw .store(error)
    }
    keks[Self.cacheKey(tenant, 1)] = fresh
    return (fresh, 1)
  }

  private func kek(of tenant: String, version: UInt32) throws(VaultError) -> SecretBytes {
    if let known = keks[Self.cacheKey(tenant, version)] { return known }
    guard let row = try kekRows(tenant).first(where: { $0.version == Int64(version) }) else {
      throw .keyMissing(object: Self.kekObject)
    }
    let kek = try Self.open(try Self.parsed(row.envelope), key: root.key, Self.kekContext(tenant, version))
    keks[Self.cacheKey(tenant, version)] = kek
    return kek
  }

  private func kekRows(_ tenant: String) throws(VaultError) -> [WrappedKeyRow] {
    do {
      return try store.wrappedKeys(tenant: tenant, object: Self.kekObject, purpose: Self.kekPurpose)
    } catch {
      throw .store(error)
    }
  }

  private static func cacheKey(_ tenant: String, _ version: UInt32) -> String { "\(version) \(tenant)" }
}

// MARK: Envelopes

extension Vault {
  private static func parsed(_ envelope: [UInt8]) throws(VaultError) -> Envelope {
    do {
      return try Envelope(parsing: envelope)
    } catch {
      throw .damagedEnvelope(error)
    }
  }

  private static func seal(
    _ secret: SecretBytes, key: SecretBytes, kekVersion: UInt32, _ context: KeyContext
  ) throws(VaultError) -> [UInt8] {
    do {
      // 96 random bits for each envelope: one KEK seals far fewer than the 2^32 that such nonces allow (NIST SP 800-38D, 8.3).
      let nonce = try Random.bytes(AES256GCM.nonceSize)
      let ciphertext = try AES256GCM.seal(
        secret, key: key, nonce: nonce,
        associatedData: Envelope.header(.aes256GCM, kekVersion) + context.encoded)
      return Envelope(algorithm: .aes256GCM, kekVersion: kekVersion, nonce: nonce, ciphertext: ciphertext)
        .serialized()
    } catch {
      throw .crypto(error)
    }
  }

  private static func open(
    _ envelope: Envelope, key: SecretBytes, _ context: KeyContext
  ) throws(VaultError) -> SecretBytes {
    do {
      return try AES256GCM.open(
        envelope.ciphertext, key: key, nonce: envelope.nonce,
        associatedData: Envelope.header(envelope.algorithm, envelope.kekVersion) + context.encoded)
    } catch .authenticationFailed {
      throw .notAuthentic(object: context.object)
    } catch {
      throw .crypto(error)
    }
  }
}
