import Bytes
import StateStore
package import Vault

extension Core {
  /// Puts a fresh root key in the place of the one that there is, and wraps anew what hangs from it: tenants' key encryption keys
  /// and the audit log's key, not what these wrap.
  package func renewRoot(
    under seal: SealedVault.NewSeal, sharesIn directory: String?
  ) throws(CoreError) -> VaultStatus {
    try requireWritable()
    try requireOperator("rekey the vault")
    let vault = try sealedVault(create: false)
    try vaulted { () throws(VaultError) in try vault.requireOpen() }
    let store = try storeOfEveryTenant()
    let attempt = try attempted("vault.rekey", seal.kind, [("root", "new")])
    let result = try vaulted { () throws(VaultError) in
      try vault.exclusively {
        Result { () throws(CoreError) in try renewRoot(of: vault, under: seal, directory, attempt) }
      }
    }
    vault.endAgent()
    try result.get()
    // What the old root key had wrapped is then in no file of the store.
    try? store.checkpoint()
    return try vaultStatus()
  }

  /// Callers hold the vault.
  private func renewRoot(
    of vault: SealedVault, under seal: SealedVault.NewSeal, _ directory: String?, _ attempt: Attempt
  ) throws(CoreError) {
    let store = try storeOfEveryTenant()
    var begun: (renewal: RootRenewal, shares: ShareFiles)?
    do throws(CoreError) {
      let renewal = try vaulted { () throws(VaultError) in try vault.renewal(under: seal) }
      let shares = try ShareFiles(
        writing: renewal.shares, in: directory,
        of: try vaulted { () throws(VaultError) in try vault.stored() })
      begun = (renewal, shares)
      let digest = try vaulted { () throws(VaultError) in try renewal.prepare() }
      try vaulted { () throws(VaultError) in
        try store.outcome(of: attempt, "ok", at: Timestamp.now()) { (transaction) throws(VaultError) in
          try renewal.rewrap(digest, in: transaction)
        }
      }
      try vaulted { () throws(VaultError) in try renewal.settle() }
      try shares.publish()
    } catch {
      // An attempt has one outcome: where this one can be recorded, the new root key does not count. Otherwise whoever opens the
      // vault next finds out, and the shares stay.
      if (try? store.outcome(of: attempt, "failed", at: Timestamp.now())) != nil {
        try? begun?.renewal.settle()
        begun?.shares.remove()
      }
      throw error
    }
  }
}
