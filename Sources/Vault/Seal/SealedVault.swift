package import CVMCrypto
package import StateStore

/// A vault seen from outside: how its root key is sealed, whether or not anybody opens it.
package struct SealedVault: Sendable {
  package let directory: PrivateDirectory
  private let files: RootKeyFiles
  private let patience: Duration

  /// What a root key is to be sealed by.
  package enum NewSeal: Sendable {
    case file
    case passphrase(SecretBytes, PasswordKDF)
    case shamir(threshold: Int, shares: Int)
    case pkcs11(TokenSeal, pin: SecretBytes)
    case tpm2(PCRSelection, pin: SecretBytes?, TPMAddress?)

    package var kind: SealKind {
      switch self {
      case .file: .file
      case .passphrase: .passphrase
      case .shamir: .shamir
      case .pkcs11: .pkcs11
      case .tpm2: .tpm2
      }
    }
  }

  /// The vault of a store; nil where it has none yet and none is to be made.
  /// - Parameter create: make the directory where there is none.
  /// - Parameter settles: end what a killed process has left.
  package init?(
    of store: StateStore, create: Bool, patience: Duration, settles: Bool = true
  ) throws(VaultError) {
    do throws(StoreError) {
      directory = try store.directory.directory("vault", create: create)
    } catch .absent {
      return nil
    } catch {
      throw .store(error)
    }
    self.patience = patience
    files = RootKeyFiles(directory: directory, store: store)
    if settles { files.settleIfLeft() }
  }

  /// What is in `root.key`; nil without one.
  package func stored() throws(VaultError) -> RootKey.Stored? { try files.current()?.stored }

  package func requireStored() throws(VaultError) -> RootKey.Stored {
    guard let stored = try stored() else { throw .rootMissing(path: rootPath) }
    return stored
  }

  /// Throws why the root key cannot be had now without anybody's help.
  package func requireOpen() throws(VaultError) { _ = try requireStored().opened(in: directory) }

  package var rootPath: String { directory.path(of: RootKeyFiles.name) }

  package var agent: AgentClient { AgentClient(directory) }

  /// A root key under a new seal that is not in its place yet. Shares have to be kept before it gets there.
  package struct Draft: Sendable {
    let root: SecretBytes
    let sealed: RootKey.Stored
    package let shares: [KeyShare]
  }

  package func freshRoot(under seal: NewSeal) throws(VaultError) -> Draft {
    guard try stored() == nil else { throw .exists(path: rootPath) }
    return try Self.draft(of: try RootKey.fresh(), under: seal)
  }

  /// The root key that there is; the agent's where it is sealed.
  package func sameRoot(under seal: NewSeal) throws(VaultError) -> Draft {
    try Self.draft(of: try requireStored().opened(in: directory), under: seal)
  }

  package func create(_ draft: Draft) throws(VaultError) {
    try exclusively { () throws(VaultError) in
      guard try stored() == nil else { throw .exists(path: rootPath) }
      try draft.sealed.write(in: directory)
    }
  }

  /// Puts the draft in the place of the same root key's old seal. The agent, if there is one, forgets what it holds.
  package func replace(by draft: Draft) throws(VaultError) {
    try exclusively { () throws(VaultError) in
      try files.settle()
      guard try requireStored().opened(in: directory) == draft.root else { throw .changed(path: rootPath) }
      try draft.sealed.write(in: directory)
    }
    endAgent()
  }

  /// A fresh root key, to take the place of the one that there is.
  package func renewal(under seal: NewSeal) throws(VaultError) -> RootRenewal {
    try files.settle()
    let old = try requireStored().opened(in: directory)
    return RootRenewal(in: files, old: old, by: try Self.draft(of: try RootKey.fresh(), under: seal))
  }

  /// Runs `body` while no other process changes the root key.
  package func exclusively<R>(_ body: () throws(VaultError) -> R) throws(VaultError) -> R {
    try RootKey.exclusively(directory, patience, body)
  }

  /// Lets the agent, if there is one, forget what it holds.
  package func endAgent() { _ = agent.end() }

  private static func draft(of root: SecretBytes, under seal: NewSeal) throws(VaultError) -> Draft {
    let vaultID: [UInt8]
    do { vaultID = try Random.bytes(SealedRootKey.idSize) } catch { throw .crypto(error) }
    switch seal {
    case .file: return Draft(root: root, sealed: .plain(root), shares: [])
    case .passphrase(let passphrase, let kdf):
      let seal = try PassphraseSeal(kdf)
      let sealed = try SealedRootKey(
        root, vaultID: vaultID, seal: .passphrase(seal), key: try seal.key(of: passphrase))
      return Draft(root: root, sealed: .sealed(sealed), shares: [])
    case .pkcs11(let seal, let pin):
      let sealed = try SealedRootKey(root, vaultID: vaultID, token: seal, pin: pin)
      return Draft(root: root, sealed: .sealed(sealed), shares: [])
    case .tpm2(let pcrs, let pin, let address):
      let key: SecretBytes
      do { key = try SecretBytes.random(AES256GCM.keySize) } catch { throw .crypto(error) }
      let seal = try TPM(at: address).seal(key, to: pcrs, pin: pin, at: address)
      let sealed = try SealedRootKey(root, vaultID: vaultID, seal: .tpm2(seal), key: key)
      return Draft(root: root, sealed: .sealed(sealed), shares: [])
    case .shamir(let threshold, let shares):
      let seal = try ShamirSeal(threshold: threshold, shares: shares)
      let (key, parts) = try seal.split()
      let sealed = try SealedRootKey(root, vaultID: vaultID, seal: .shamir(seal), key: key)
      return Draft(root: root, sealed: .sealed(sealed), shares: parts)
    }
  }
}
