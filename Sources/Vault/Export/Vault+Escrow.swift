import Bytes
package import CVMCrypto
import PostQuantum
package import StateStore

/// A tenant's KEK for somebody who keeps it for the day on which the root key is lost.
extension Vault {
  package static func escrows(
    of tenant: String?, in reading: borrowing some StateReading & ~Copyable
  ) throws(StoreError) -> [KEKEscrowRow] {
    try reading.escrows(tenant: tenant, object: kekObject, purpose: kekPurpose)
  }

  /// The tenant's active KEK, as what is escrowed of it.
  private func escrowed(
    _ tenant: String
  ) throws(VaultError) -> (secret: SecretBytes, context: KeyContext, kind: KEKKind) {
    guard let row = try kekRows(tenant).last(where: { $0.state == KeyState.active.rawValue }),
      let version = UInt32(exactly: row.version)
    else { throw .keyMissing(object: Self.kekObject) }
    let kind = try Self.kind(of: row)
    guard kind != .held else { throw .heldByTenant(tenant) }
    return (
      try kekSecret(row, kind, tenant, version),
      KeyContext(tenant: tenant, object: Self.kekObject, version: version, purpose: Self.kekPurpose), kind
    )
  }

  /// The tenant's active KEK for each of these, remembered in the act.
  package func escrow(
    to recipients: [Recipient], in transaction: borrowing Transaction
  ) throws(VaultError) -> [ExportedKey] {
    let (secret, context, kind) = try escrowed(transaction.tenant)
    var files: [ExportedKey] = []
    for recipient in recipients {
      files.append(
        try ExportedKey(secret, of: context, algorithm: kind.rawValue, as: .escrow, to: recipient))
      try remember(context.version, recipient.fingerprint, nil, in: transaction)
    }
    return files
  }

  /// The tenant's active KEK for whoever has enough of the shares, remembered in the act.
  package func escrow(
    threshold: Int, shares: Int, in transaction: borrowing Transaction
  ) throws(VaultError) -> (file: ExportedKey, shares: [KeyShare]) {
    let (secret, context, kind) = try escrowed(transaction.tenant)
    let set = try ShamirSeal(threshold: threshold, shares: shares)
    let (key, parts) = try set.split()
    try remember(context.version, set.set, set, in: transaction)
    return (
      try ExportedKey(secret, of: context, algorithm: kind.rawValue, under: key, set: set.set), parts
    )
  }

  private func remember(
    _ version: UInt32, _ holder: [UInt8], _ set: ShamirSeal?, in transaction: borrowing Transaction
  ) throws(VaultError) {
    do {
      try transaction.insertEscrow(
        version: Int64(version), holder: holder, threshold: set?.threshold, shares: set?.shares)
    } catch {
      throw .store(error)
    }
  }

  /// Puts a KEK back under the root key that there is now: an escrow's, of a version that this root key does not open. Anybody can
  /// write a file for a recipient, so the KEK must open something that the lost one had sealed.
  package func recover(
    _ secret: SecretBytes, from file: ExportedKey, in transaction: borrowing Transaction
  ) throws(VaultError) {
    let (tenant, version) = (transaction.tenant, file.version)
    guard let row = try kekRows(tenant).first(where: { $0.version == Int64(version) }) else {
      throw .keyMissing(object: Self.kekObject)
    }
    guard row.state != KeyState.destroyed.rawValue else {
      throw .notRecoverable(.destroyed(version: version))
    }
    let kind = try Self.kind(of: row)
    guard kind.rawValue == file.algorithm, kind != .held else { throw .notRecoverable(.otherKind) }
    if (try? kekSecret(row, kind, tenant, version)) != nil {
      throw .notRecoverable(.notLost(version: version))
    }
    let kek = try KEK(kind, secret)
    let sealed: [SealedKey]
    do {
      sealed = try transaction.wrappedKeys(tenant: tenant, sealedBy: version, limit: 100)
    } catch {
      throw .store(error)
    }
    guard sealed.contains(where: { Self.opens(kek, $0, tenant) }) else { throw .notRecoverable(.foreign) }
    try requireCurrentRoot()
    let envelope = try sealedByRoot(secret, kind, tenant, version)
    do {
      try transaction.updateWrappedKey(
        object: Self.kekObject, purpose: Self.kekPurpose, version: row.version, state: row.state,
        envelope: envelope)
    } catch {
      throw .store(error)
    }
  }

  private static func opens(_ kek: KEK, _ key: SealedKey, _ tenant: String) -> Bool {
    guard let envelope = try? parsed(key.envelope), let version = UInt32(exactly: key.version) else {
      return false
    }
    let context = KeyContext(tenant: tenant, object: key.object, version: version, purpose: key.purpose)
    return (try? kek.open(envelope, context)) != nil
  }
}

extension ExportedKey {
  /// The KEK in an escrow of shares. `.foreignShare` and `.fewShares` where they are not those of its set.
  package func open(with shares: [KeyShare]) throws(VaultError) -> SecretBytes {
    guard let set = shareSet else { throw .otherRecipient(fingerprint: Hex.encode(holder)) }
    return try open(under: try ShamirSeal.key(of: shares, set: set))
  }
}

// MARK: Tenants that hold their own key

extension Vault {
  /// Gives a new tenant a KEK of which the vault has the public half only.
  package func hold(_ recipient: Recipient, in transaction: borrowing Transaction) throws(VaultError) {
    let tenant = transaction.tenant
    try requireCurrentRoot()
    let publicKey = SecretBytes(copying: recipient.key.bytes)
    let envelope = try sealedByRoot(publicKey, .held, tenant, 1)
    do {
      try transaction.insertWrappedKey(
        object: Self.kekObject, purpose: Self.kekPurpose, version: 1, state: KeyState.active.rawValue,
        envelope: envelope, algorithm: KEKKind.held.rawValue)
    } catch {
      throw .store(error)
    }
  }

  /// Puts the public half back under the root key that there is now. Nothing that it has sealed says whose it is: callers know that
  /// it is the tenant's.
  package func recover(holder: Recipient, in transaction: borrowing Transaction) throws(VaultError) {
    let tenant = transaction.tenant
    guard let row = try kekRows(tenant).last, let version = UInt32(exactly: row.version) else {
      throw .keyMissing(object: Self.kekObject)
    }
    guard try Self.kind(of: row) == .held else { throw .notRecoverable(.otherKind) }
    guard row.state != KeyState.destroyed.rawValue else {
      throw .notRecoverable(.destroyed(version: version))
    }
    if (try? kekSecret(row, .held, tenant, version)) != nil {
      throw .notRecoverable(.notLost(version: version))
    }
    try requireCurrentRoot()
    let envelope = try sealedByRoot(SecretBytes(copying: holder.key.bytes), .held, tenant, version)
    try stored { () throws(StoreError) in
      try transaction.updateWrappedKey(
        object: Self.kekObject, purpose: Self.kekPurpose, version: row.version, state: row.state,
        envelope: envelope)
    }
  }

  /// The names of such tenants.
  package static func tenantsWithOwnKey(
    in reading: borrowing some StateReading & ~Copyable
  ) throws(StoreError) -> Set<String> {
    Set(try reading.tenants(withKey: kekObject, algorithm: KEKKind.held.rawValue))
  }

  /// An envelope of such a tenant's as the tenant gets it; nil where the vault can open it itself.
  package func handOver(
    _ envelope: [UInt8], of key: KeyContext, algorithm: String
  ) throws(VaultError) -> ExportedKey? {
    let parsed = try Self.parsed(envelope)
    guard case .publicHalf(let holder) = try kek(of: key.tenant, version: parsed.kekVersion) else {
      return nil
    }
    do {
      return ExportedKey(parsed, of: key, algorithm: algorithm, heldBy: try Recipient(holder))
    } catch {
      throw .crypto(error)
    }
  }
}
