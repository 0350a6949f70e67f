package import Bytes
import CVMCrypto
import StateStore
import Vault

/// A tenant's named data keys.
extension Core {
  /// The tenant's keys by name.
  package func keys() throws(CoreError) -> [KeyInfo] {
    let store = try store()
    let now = Timestamp.now()
    let (rows, versions) = try stored { () throws(StoreError) in
      (try store.namedKeys(tenant: tenant), try store.keyVersions(tenant: tenant))
    }
    let byObject = Dictionary(grouping: versions, by: \.object)
    return try rows.map { row throws(CoreError) in
      try KeyInfo(row, byObject[row.object] ?? [], tenant: tenant, at: now)
    }
  }

  /// The keys whose versions are due to be replaced.
  package func keysDue() throws(CoreError) -> [KeyInfo] { try keys().filter(\.due) }

  package func keyDetails(_ name: String) throws(CoreError) -> KeyDetails {
    let name = try KeyName.check(name)
    let store = try store()
    let now = Timestamp.now()
    let row = try namedKey(name, in: store)
    let (versions, guests, launches) = try stored { () throws(StoreError) in
      (
        try store.keyVersions(tenant: tenant, of: row),
        try store.guestSecrets(tenant: tenant, mentioning: GuestSecret.keyMark + name),
        try store.launches(tenant: tenant, givenKey: name, limit: 20)
      )
    }
    return KeyDetails(
      key: try KeyInfo(row, versions, tenant: tenant, at: now),
      history: try versions.map { row throws(CoreError) in try KeyDetails.KeyVersion(row, at: now) },
      guests: guests.flatMap { guest in
        GuestSecret.all(stored: guest.secrets).filter { $0.key == name }.map {
          KeyDetails.Guest(guest: guest.name, uri: guest.uri, secret: $0.name)
        }
      },
      launches: launches.map {
        KeyDetails.Launch(
          launch: $0.launch, guest: $0.guest, version: $0.version, usedAt: $0.usedAt.description)
      })
  }

  /// Makes a key.
  /// - Parameter activeFrom: the moment from which it can be used; nil for now.
  package func createKey(
    _ name: String, purpose: String?, algorithm: KeyAlgorithm, rotation: KeyRotation,
    activeFrom: Timestamp? = nil
  ) throws(CoreError) -> KeyInfo {
    try addKey(
      name, purpose: purpose ?? algorithm.usualPurpose, algorithm, rotation, act: "key.create",
      activeFrom: activeFrom, secret: { () throws(CoreError) in try algorithm.random() })
  }

  /// Takes a key that somebody brings, from a file that only its owner can read, or a descriptor.
  package func importKey(
    _ name: String, from path: String, purpose: String?, algorithm: KeyAlgorithm, rotation: KeyRotation
  ) throws(CoreError) -> KeyInfo {
    try addKey(
      name, purpose: purpose ?? algorithm.usualPurpose, algorithm, rotation, act: "key.import",
      secret: { () throws(CoreError) in try Self.brought(path, algorithm) })
  }

  static func brought(_ path: String, _ algorithm: KeyAlgorithm) throws(CoreError) -> SecretBytes {
    let secret = try InputFile.readSecret(path)
    try algorithm.require(secret, from: path)
    return secret
  }

  func addKey(
    _ name: String, purpose: String, _ algorithm: KeyAlgorithm, _ rotation: KeyRotation, act: String,
    detail more: [(key: String, value: String)] = [], activeFrom: Timestamp? = nil,
    secret: () throws(CoreError) -> SecretBytes
  ) throws(CoreError) -> KeyInfo {
    try requireWritable()
    let name = try KeyName.check(name)
    let purpose = try KeyName.checkPurpose(purpose)
    let secret = try secret()
    try prepareVault()
    let detail = [(key: "purpose", value: purpose), (key: "algorithm", value: algorithm.rawValue)] + more
    return try acted(act, object: NamedKeyRow.prefix + name, detail: detail) {
      transaction throws(CoreError) in
      let row = try stored { () throws(StoreError) in
        try transaction.insertNamedKey(
          name: name, purpose: purpose, algorithm: algorithm.rawValue, rotateAfter: rotation.after,
          maxUses: rotation.maxUses)
      }
      try addVersion(1, of: row, secret, activeFrom: activeFrom, in: transaction)
      return try info(row, in: transaction)
    }
  }

  package func setRotation(
    ofKey name: String, after: Int64??, maxUses: Int64??
  ) throws(CoreError) -> KeyInfo {
    try requireWritable()
    let name = try KeyName.check(name)
    return try acted("key.policy", object: NamedKeyRow.prefix + name) { transaction throws(CoreError) in
      let row = try namedKey(name, in: transaction)
      try stored { () throws(StoreError) in
        try transaction.setRotation(
          ofKey: name, rotateAfter: after ?? row.rotateAfter, maxUses: maxUses ?? row.maxUses)
      }
      return try info(try namedKey(name, in: transaction), in: transaction)
    }
  }
}

// MARK: What the acts on keys share

extension Core {
  /// Runs a call of the vault, its errors as the core's.
  func vaulted<Result>(_ body: (Vault) throws(VaultError) -> Result) throws(CoreError) -> Result {
    let vault = try vault()
    do { return try body(vault) } catch { throw .vault(error) }
  }

  /// Before an act that wraps: its envelope is then made and stored under one KEK.
  func prepareVault() throws(CoreError) {
    try vaulted { vault throws(VaultError) in try vault.prepare(tenant, at: .now()) }
  }

  func namedKey(
    _ name: String, in reading: borrowing some StateReading & ~Copyable
  ) throws(CoreError) -> NamedKeyRow {
    let row: NamedKeyRow?
    do { row = try reading.namedKey(tenant: tenant, name: name) } catch { throw .store(error) }
    guard let row else { throw .notFound(.key, name) }
    return row
  }

  func versions(
    of key: NamedKeyRow, in reading: borrowing some StateReading & ~Copyable
  ) throws(CoreError) -> [KeyDetails.KeyVersion] {
    let rows: [KeyVersionRow]
    do { rows = try reading.keyVersions(tenant: tenant, of: key) } catch { throw .store(error) }
    let now = Timestamp.now()
    return try rows.map { row throws(CoreError) in try KeyDetails.KeyVersion(row, at: now) }
  }

  func info(
    _ row: NamedKeyRow, in reading: borrowing some StateReading & ~Copyable
  ) throws(CoreError) -> KeyInfo {
    let rows: [KeyVersionRow]
    do { rows = try reading.keyVersions(tenant: tenant, of: row) } catch { throw .store(error) }
    return try KeyInfo(row, rows, tenant: tenant, at: .now())
  }

  func context(_ key: NamedKeyRow, _ version: Int64) throws(CoreError) -> KeyContext {
    guard let version = UInt32(exactly: version) else {
      throw .conflict("key '\(key.name)' has no further version")
    }
    return KeyContext(tenant: tenant, object: key.object, version: version, purpose: key.purpose)
  }

  func addVersion(
    _ version: Int64, of key: NamedKeyRow, _ secret: SecretBytes, activeFrom: Timestamp? = nil,
    in transaction: borrowing Transaction
  ) throws(CoreError) {
    let context = try context(key, version)
    let publicKey = try algorithm(of: key).publicKey(of: secret)
    let envelope = try vaulted { vault throws(VaultError) in
      try vault.wrap(secret, for: context, at: .now())
    }
    let state: KeyState = activeFrom == nil ? .active : .preActive
    try stored { () throws(StoreError) in
      try transaction.insertWrappedKey(
        object: key.object, purpose: key.purpose, version: version, state: state.rawValue,
        envelope: envelope, publicKey: publicKey?.bytes, activeFrom: activeFrom)
    }
  }
}
