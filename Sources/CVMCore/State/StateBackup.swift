import Bytes
import CVMCrypto
import Documents
import StateStore
import Vault

/// A backup that was made, or put back.
package struct StateBackup: Encodable, Equatable, Sendable {
  package let file: String
  /// Of the state directory.
  package let directory: String
  package let madeAt: String
  /// Bytes of the database.
  package let databaseSize: Int
  package let databaseSha256: String
  /// How the root key in it is sealed; nil without one.
  package let rootKey: String?
  /// Records of the audit log.
  package let records: Int64
  /// Where a state went that was there before.
  package let replaced: String?
  package let simulated = false
}

extension Core {
  /// Writes a consistent copy of the store, with the root key as it is sealed, into a new file. The record of the attempt is in
  /// the copy. Simulated hosts are not in it.
  package func backUpState(to path: String, withRootKey: Bool) throws(CoreError) -> StateBackup {
    try requireWritable()
    try requireOperator("back up the state")
    try OutputFile.requireAbsent(path)
    let store = try storeOfEveryTenant()
    let vault = try vaulted { () throws(VaultError) in
      try SealedVault(of: store, create: false, patience: .seconds(timeout))
    }
    let record = AuditRecord(
      time: Timestamp.now(), tenant: "", actor: actor, act: "state.backup", object: "state",
      detail: ["rootKey": .bool(withRootKey)])
    let attempt = try stored { () throws(StoreError) in try store.attempt(record) }
    do {
      let backup = try copied(store, vault, to: path, withRootKey: withRootKey, at: record.time)
      try stored { () throws(StoreError) in
        try store.outcome(
          of: attempt, "ok", at: Timestamp.now(), detail: ["sha256": .string(backup.databaseSha256)])
      }
      return backup
    } catch {
      _ = try? store.outcome(of: attempt, "failed", at: Timestamp.now())
      throw error
    }
  }

  /// Store and root key of one moment: nobody changes the root key meanwhile.
  private func copied(
    _ store: StateStore, _ vault: SealedVault?, to path: String, withRootKey: Bool, at moment: Timestamp
  ) throws(CoreError) -> StateBackup {
    guard let vault else { return try written(store, nil, to: path, at: moment) }
    let result = try vaulted { () throws(VaultError) in
      try vault.exclusively {
        Result { () throws(CoreError) in
          let root = try vaulted { () throws(VaultError) in withRootKey ? try vault.stored() : nil }
          return try written(store, root, to: path, at: moment)
        }
      }
    }
    return try result.get()
  }

  private func written(
    _ store: StateStore, _ root: RootKey.Stored?, to path: String, at moment: Timestamp
  ) throws(CoreError) -> StateBackup {
    let copy = try stored { () throws(StoreError) in try store.copy() }
    defer { copy.remove() }
    let key = try vaulted { () throws(VaultError) in try root?.serialized() }
    let members = try BackupArchive.write(path, database: copy.path, rootKey: key, at: moment)
    return StateBackup(
      file: path, directory: store.directory.path, madeAt: moment.description,
      databaseSize: members.first?.size ?? 0, databaseSha256: Hex.encode(members.first?.sha256 ?? []),
      rootKey: root?.kind.rawValue, records: copy.records, replaced: nil)
  }

  func vaulted<R>(_ body: () throws(VaultError) -> R) throws(CoreError) -> R {
    do { return try body() } catch { throw .vault(error) }
  }
}
