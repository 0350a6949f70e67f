import Bytes
package import CVMCrypto
import Documents
import Glibc
import StateStore
package import Vault

/// The vault's root key: how it is sealed, and who opens it. The operator's acts.
extension Core {
  package func vaultStatus() throws(CoreError) -> VaultStatus {
    try requireOperator("see the vault")
    let store = try storeOfEveryTenant()
    let (keks, auditKeys) = try stored { () throws(StoreError) in
      (
        try store.wrappedKeyCount(object: Vault.kekObject, withoutState: KeyState.destroyed.rawValue),
        try store.auditKeys()
      )
    }
    let rollback = try rollbackDetection(store)
    return try vaulted { () throws(VaultError) in
      try VaultStatus(
        try SealedVault(of: store, create: false, patience: .seconds(timeout)), tenantKeys: keks,
        auditKey: !auditKeys.isEmpty, rollback: rollback)
    }
  }

  /// The log's newest anchor, in words; the TPM is not asked.
  private func rollbackDetection(_ store: StateStore) throws(CoreError) -> String {
    guard let entry = try stored({ () throws(StoreError) in try store.newestAnchor() }) else {
      return "not detectable"
    }
    guard let anchor = TPMAnchor(entry, isDone: true) else {
      return "detectable with the head of \(entry.sequence) records, if it was kept elsewhere"
    }
    return "detectable by the TPM's counter, \(anchor.counter) at record \(anchor.sequence)"
  }

  /// Makes the root key.
  /// - Parameters:
  ///   - directory: where shares go, each into a new file.
  ///   - replacesLost: keys hang on another one, which is lost. They stay closed until `recoverKEK`, and the audit log gets
  ///     another key.
  package func initializeVault(
    under seal: SealedVault.NewSeal, sharesIn directory: String?, replacesLost: Bool = false
  ) throws(CoreError) -> VaultStatus {
    try requireWritable()
    try requireOperator("make the vault")
    let vault = try sealedVault(create: true)
    let store = try storeOfEveryTenant()
    if replacesLost, try vaulted({ () throws(VaultError) in try vault.stored() }) != nil {
      // Only to end what was interrupted.
      try replaceLostAuditKey { () throws(VaultError) in
        try Vault(store: store, actor: actor, patience: .seconds(timeout))
      }
      return try vaultStatus()
    }
    // Keys whose root is lost must not get another one.
    let hangKeys = try stored { () throws(StoreError) in try store.hasWrappedKeys() }
    guard !hangKeys || replacesLost else {
      throw .vault(
        try vaulted { () throws(VaultError) in try vault.stored() } == nil
          ? .rootMissing(path: vault.rootPath) : .exists(path: vault.rootPath))
    }
    try recorded("vault.init", seal.kind) { () throws(CoreError) in
      let draft = try vaulted { () throws(VaultError) in try vault.freshRoot(under: seal) }
      try placed(draft, in: vault, sharesIn: directory) { () throws(VaultError) in try vault.create(draft) }
      guard hangKeys else { return }
      try replaceLostAuditKey { () throws(VaultError) in
        try Vault(store: store, actor: actor, root: draft, in: vault)
      }
    }
    return try vaultStatus()
  }

  /// Another key for the audit log, where the vault does not open the one that it has. `.exists` where it does.
  private func replaceLostAuditKey(_ open: () throws(VaultError) -> Vault) throws(CoreError) {
    try vaulted { () throws(VaultError) in
      let vault = try open()
      do throws(VaultError) {
        _ = try vault.storedAuditSigner()
      } catch .notAuthentic {
        return try vault.replaceAuditKey(at: .now())
      }
      throw .exists(path: stateDirectory + "/vault/root.key")
    }
  }

  /// Puts the same root key under another seal: nothing that it wraps changes.
  package func rekeyVault(
    under seal: SealedVault.NewSeal, sharesIn directory: String?
  ) throws(CoreError) -> VaultStatus {
    try requireWritable()
    try requireOperator("rekey the vault")
    let vault = try sealedVault(create: false)
    try recorded("vault.rekey", seal.kind) { () throws(CoreError) in
      let draft = try vaulted { () throws(VaultError) in try vault.sameRoot(under: seal) }
      try placed(draft, in: vault, sharesIn: directory) { () throws(VaultError) in
        try vault.replace(by: draft)
      }
    }
    return try vaultStatus()
  }

  /// How the vault is sealed: what to ask for.
  package func vaultSeal() throws(CoreError) -> RootKey.Stored {
    try requireOperator("unlock the vault")
    let vault = try sealedVault(create: false)
    return try vaulted { () throws(VaultError) in try vault.requireStored() }
  }

  /// Throws why the vault is closed: before somebody is asked for a new passphrase.
  package func requireOpenVault() throws(CoreError) {
    try requireOperator("rekey the vault")
    let vault = try sealedVault(create: false)
    try vaulted { () throws(VaultError) in try vault.requireOpen() }
  }

  /// Opens the root key and hands it to `start`, which sees to it that an agent has it. Failures are recorded too.
  package func unlockVault(
    by opening: SealedRootKey.Opening, _ start: (SecretBytes) throws(CoreError) -> Void
  ) throws(CoreError) -> VaultStatus {
    try requireWritable()
    try requireOperator("unlock the vault")
    let vault = try sealedVault(create: false)
    let sealed = try sealedRoot(vault)
    try recorded("vault.unlock", sealed.kind) { () throws(CoreError) in
      try start(try vaulted { () throws(VaultError) in try sealed.open(by: opening) })
    }
    return try vaultStatus()
  }

  /// Lets the agent forget the root key and end.
  package func lockVault() throws(CoreError) -> VaultStatus {
    try requireWritable()
    try requireOperator("lock the vault")
    let vault = try sealedVault(create: false)
    let sealed = try sealedRoot(vault)
    if vault.agent.state() != nil {
      try recorded("vault.lock", sealed.kind) { () throws(CoreError) in _ = vault.agent.end() }
    }
    return try vaultStatus()
  }

  /// An agent that has the key, listening already; signals ask it to end.
  /// - Parameter idle: seconds without a question for the key after which it ends.
  package func vaultAgent(holding key: SecretBytes, idle: Int) throws(CoreError) -> VaultAgent {
    try requireOperator("unlock the vault")
    let vault = try sealedVault(create: false)
    let sealed = try sealedRoot(vault)
    return VaultAgent(
      try vaulted { () throws(VaultError) in
        try Agent(holding: key, of: sealed, in: vault.directory, idle: idle)
      })
  }

  private func sealedRoot(_ vault: SealedVault) throws(CoreError) -> SealedRootKey {
    switch try vaulted({ () throws(VaultError) in try vault.requireStored() }) {
    case .plain: throw .conflict("the vault is sealed by a file: it is never locked")
    case .sealed(let sealed): return sealed
    }
  }

  func sealedVault(create: Bool) throws(CoreError) -> SealedVault {
    let store = try storeOfEveryTenant()
    let vault = try vaulted { () throws(VaultError) in
      try SealedVault(of: store, create: create, patience: .seconds(timeout))
    }
    guard let vault else {
      throw .conflict("there is no vault yet", hint: "cvmctl vault init")
    }
    return vault
  }

  /// The root key goes to its place when its shares are on disk; they are removed where it does not get there.
  private func placed(
    _ draft: SealedVault.Draft, in vault: SealedVault, sharesIn directory: String?,
    _ place: () throws(VaultError) -> Void
  ) throws(CoreError) {
    let stored = try vaulted { () throws(VaultError) in try vault.stored() }
    let files = try ShareFiles(writing: draft.shares, in: directory, of: stored)
    do {
      try place()
    } catch {
      files.remove()
      throw .vault(error)
    }
    try files.publish()
  }

  /// The attempt is on disk before, its outcome after.
  private func recorded(
    _ act: String, _ seal: SealKind, _ body: () throws(CoreError) -> Void
  ) throws(CoreError) {
    let store = try storeOfEveryTenant()
    let attempt = try attempted(act, seal)
    do {
      try body()
    } catch {
      try stored { () throws(StoreError) in try store.outcome(of: attempt, "failed", at: Timestamp.now()) }
      throw error
    }
    try stored { () throws(StoreError) in try store.outcome(of: attempt, "ok", at: Timestamp.now()) }
  }

  func attempted(
    _ act: String, _ seal: SealKind, _ more: [(key: String, value: String)] = []
  ) throws(CoreError) -> Attempt {
    let detail = [("seal", seal.rawValue)] + more
    let record = AuditRecord(
      time: Timestamp.now(), tenant: "", actor: actor, act: act, object: "root-key",
      detail: .object(detail.map { Value.Member($0.0, .string($0.1)) }))
    let store = try storeOfEveryTenant()
    return try stored { () throws(StoreError) in try store.attempt(record) }
  }
}

/// A listening agent.
package struct VaultAgent {
  private let agent: Agent

  init(_ agent: Agent) { self.agent = agent }

  /// Answers until the agent has a reason to end, or SIGTERM or SIGINT.
  package func serve() {
    Interruption.arm()
    agent.serve { Interruption.signal == nil }
  }
}
