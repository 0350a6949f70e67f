package import Bytes
package import CVMCrypto
package import StateStore
import Synchronization

/// Keeps secrets wrapped: root key → tenant KEK (versioned) → data keys. Only envelopes reach the store.
package final class Vault: Sendable {
  /// Bytes that an envelope may hold.
  package static let secretSizes = 1...65_536

  private let root: RootKey
  private let files: RootKeyFiles
  let store: StateStore
  let actor: String
  /// KEKs that were opened already.
  private let opened = Mutex<[KEKName: KEK]>([:])

  private struct KEKName: Hashable {
    let tenant: String
    let version: UInt32
  }

  /// Opens the vault of a store, and makes its root key on first use.
  /// - Parameter waits: ask a TPM, which takes its time.
  package init(
    store: StateStore, actor: String, patience: Duration = .seconds(10), waits: Bool = true
  ) throws(VaultError) {
    let (directory, isNeeded) = try Self.place(store)
    files = RootKeyFiles(directory: directory, store: store)
    if waits { files.settleIfLeft() }
    root = try RootKey(in: files, patience: patience, isNeeded: isNeeded, waits: waits)
    self.store = store
    self.actor = actor
  }

  /// The vault of a root key that was just made and is in its place.
  package init(
    store: StateStore, actor: String, root draft: SealedVault.Draft, in vault: SealedVault
  ) throws(VaultError) {
    files = RootKeyFiles(directory: vault.directory, store: store)
    guard let digest = try files.current()?.digest else { throw .rootMissing(path: vault.rootPath) }
    root = RootKey(draft, digest: digest)
    self.store = store
    self.actor = actor
  }

  private static func place(_ store: StateStore) throws(VaultError) -> (PrivateDirectory, isNeeded: Bool) {
    do throws(StoreError) {
      let isNeeded = try store.hasWrappedKeys()
      return (try store.directory.directory("vault", create: !isNeeded), isNeeded)
    } catch .absent(let path) {
      throw .rootMissing(path: path + "/" + RootKeyFiles.name)
    } catch {
      throw .store(error)
    }
  }

  /// The envelope of a secret. A tenant's first one makes its KEK, in an act of the store: not within another
  /// act.
  package func wrap(
    _ secret: SecretBytes, for context: KeyContext, at now: Timestamp
  ) throws(VaultError) -> [UInt8] {
    guard Self.secretSizes.contains(secret.count) else {
      throw .crypto(.invalidInput("a secret of \(secret.count) bytes"))
    }
    guard context.object != Self.kekObject else {
      throw .crypto(.invalidInput("'\(Self.kekObject)' is the name of the vault's own keys"))
    }
    let (kek, version) = try activeKEK(of: context.tenant, at: now)
    return try kek.seal(secret, version: version, context)
  }

  /// The secret in an envelope that was made for this very context.
  package func unwrap(_ envelope: [UInt8], for context: KeyContext) throws(VaultError) -> SecretBytes {
    let parsed = try Self.parsed(envelope)
    let kek = try kek(of: context.tenant, version: parsed.kekVersion)
    return try kek.open(parsed, context)
  }
}

// MARK: Tenant KEKs

extension Vault {
  /// The object of tenants' own KEKs among their keys.
  package static let kekObject = "kek"
  static let kekPurpose = "wrap"
  /// The `kekVersion` of an envelope that the root key itself has sealed.
  static let rootVersion: UInt32 = 0

  /// Throws where another root key took the place of this one since it was opened, or made. Whoever adds what the root key seals asks
  /// within the act that adds it.
  func requireCurrentRoot() throws(VaultError) {
    guard try files.current()?.digest == root.digest else {
      throw .changed(path: files.directory.path(of: RootKeyFiles.name))
    }
  }

  static func kekContext(_ tenant: String, _ version: UInt32, _ kind: KEKKind) -> KeyContext {
    KeyContext(tenant: tenant, object: kekObject, version: version, purpose: kind.purpose)
  }

  /// The KEK that new envelopes are sealed with; the store is asked every time, for another process may have
  /// rotated it.
  func activeKEK(
    of tenant: String, at now: Timestamp
  ) throws(VaultError) -> (key: KEK, version: UInt32) {
    let rows = try kekRows(tenant)
    if let newest = rows.last(where: { $0.state == KeyState.active.rawValue }),
      let version = UInt32(exactly: newest.version)
    {
      return (try kek(of: tenant, version: version, in: rows), version)
    }
    guard rows.isEmpty else { throw .keyMissing(object: Self.kekObject) }
    return (try firstKEK(of: tenant, at: now), 1)
  }

  private func firstKEK(of tenant: String, at now: Timestamp) throws(VaultError) -> KEK {
    let fresh = try Self.freshKEK(.aes256GCM)
    let envelope = try sealedByRoot(fresh, .aes256GCM, tenant, 1)
    let first = try KEK(.aes256GCM, fresh)
    let record = AuditRecord(
      time: now, tenant: tenant, actor: actor, act: "key.create", object: Self.kekObject)
    do throws(VaultError) {
      try store.act(record) { transaction throws(VaultError) in
        try requireCurrentRoot()
        try stored { () throws(StoreError) in
          try transaction.insertWrappedKey(
            object: Self.kekObject, purpose: Self.kekPurpose, version: 1, state: KeyState.active.rawValue,
            envelope: envelope)
        }
      }
    } catch .store(.exists) {
      // Another process made the tenant's KEK meanwhile: that one counts.
      return try kek(of: tenant, version: 1)
    }
    opened.withLock { $0[KEKName(tenant: tenant, version: 1)] = first }
    return first
  }

  /// The key or the seed of a KEK that the vault makes.
  static func freshKEK(_ kind: KEKKind) throws(VaultError) -> SecretBytes {
    do { return try SecretBytes.random(kind.size) } catch { throw .crypto(error) }
  }

  func sealedByRoot(
    _ kek: SecretBytes, _ kind: KEKKind, _ tenant: String, _ version: UInt32
  ) throws(VaultError) -> [UInt8] {
    try Self.seal(kek, key: root.key, kekVersion: Self.rootVersion, Self.kekContext(tenant, version, kind))
  }

  /// A destroyed version must not live on in this process.
  func forget(_ version: UInt32, of tenant: String) {
    opened.withLock { $0[KEKName(tenant: tenant, version: version)] = nil }
  }

  func kek(
    of tenant: String, version: UInt32, in known: [WrappedKeyRow]? = nil
  ) throws(VaultError) -> KEK {
    let name = KEKName(tenant: tenant, version: version)
    if let open = opened.withLock({ $0[name] }) { return open }
    let rows = if let known { known } else { try kekRows(tenant) }
    guard let row = rows.first(where: { $0.version == Int64(version) }),
      row.state != KeyState.destroyed.rawValue
    else {
      throw .keyMissing(object: Self.kekObject)
    }
    let kind = try Self.kind(of: row)
    let opened = try KEK(kind, try kekSecret(row, kind, tenant, version))
    self.opened.withLock { $0[name] = opened }
    return opened
  }

  /// The bytes that the root key has sealed for a version.
  func kekSecret(
    _ row: WrappedKeyRow, _ kind: KEKKind, _ tenant: String, _ version: UInt32
  ) throws(VaultError) -> SecretBytes {
    try unwrapUnderRoot(row.envelope, for: Self.kekContext(tenant, version, kind))
  }

  /// A kind that the row does not name is the first that there was. A row that names another than its envelope's does not open.
  static func kind(of row: WrappedKeyRow) throws(VaultError) -> KEKKind { try kind(named: row.algorithm) }

  static func kind(named name: String?) throws(VaultError) -> KEKKind {
    guard let name else { return .aes256GCM }
    guard let kind = KEKKind(rawValue: name) else { throw .notAuthentic(object: kekObject) }
    return kind
  }

  func kekRows(_ tenant: String) throws(VaultError) -> [WrappedKeyRow] {
    do {
      return try store.wrappedKeys(tenant: tenant, object: Self.kekObject, purpose: Self.kekPurpose)
    } catch {
      throw .store(error)
    }
  }
}

// MARK: Envelopes

extension Vault {
  static func parsed(_ envelope: [UInt8]) throws(VaultError) -> Envelope {
    do {
      return try Envelope(parsing: envelope)
    } catch {
      throw .damagedEnvelope(error)
    }
  }

  static func seal(
    _ secret: SecretBytes, key: SecretBytes, kekVersion: UInt32, _ context: KeyContext
  ) throws(VaultError) -> [UInt8] {
    do {
      // 96 random bits for each envelope: one KEK seals far fewer than the 2^32 that such nonces allow
      // (NIST SP 800-38D, section 8.3).
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

  static func open(
    _ envelope: Envelope, key: SecretBytes, _ context: KeyContext
  ) throws(VaultError) -> SecretBytes {
    guard envelope.algorithm == .aes256GCM else { throw .notAuthentic(object: context.object) }
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

// MARK: Keys of the store itself

extension Vault {
  /// The envelope of a secret that is no tenant's: the root key seals it.
  func wrapUnderRoot(_ secret: SecretBytes, for context: KeyContext) throws(VaultError) -> [UInt8] {
    try Self.seal(secret, key: root.key, kekVersion: Self.rootVersion, context)
  }

  func unwrapUnderRoot(_ envelope: [UInt8], for context: KeyContext) throws(VaultError) -> SecretBytes {
    let parsed = try Self.parsed(envelope)
    guard parsed.kekVersion == Self.rootVersion else { throw .notAuthentic(object: context.object) }
    do throws(VaultError) {
      return try Self.open(parsed, key: root.key, context)
    } catch {
      // Another process may have put another root key in the place of this one meanwhile.
      if case .notAuthentic = error { try requireCurrentRoot() }
      throw error
    }
  }
}
