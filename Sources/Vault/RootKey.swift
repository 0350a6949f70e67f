package import CVMCrypto
package import StateStore

/// The vault's root key: 32 random bytes in `vault/root.key`, as they are (seal `file`) or sealed. The `file` seal protects
/// against a stolen database or backup of it, not against somebody who reads this file too: hence its name.
package struct RootKey: Sendable {
  static let fileName = "root.key"
  private static let limit = 4096

  let key: SecretBytes

  /// Opens the root key; a sealed one is the agent's to give. `isNeeded`: keys are wrapped with it, so a missing one is an error
  /// rather than made anew.
  package init(in directory: PrivateDirectory, patience: Duration, isNeeded: Bool) throws(VaultError) {
    if let found = try Self.stored(in: directory) {
      key = try found.opened(in: directory)
      return
    }
    guard !isNeeded else { throw .rootMissing(path: directory.path(of: Self.fileName)) }
    let fresh = Stored.plain(try Self.fresh())
    let stored = try Self.exclusively(directory, patience) { () throws(VaultError) in
      // Another process may have made it meanwhile: the first one counts.
      if let found = try Self.stored(in: directory) { return found }
      try fresh.write(in: directory)
      return fresh
    }
    key = try stored.opened(in: directory)
  }

  init(_ draft: SealedVault.Draft) { key = draft.root }

  /// What is in the file.
  package enum Stored: Sendable {
    case plain(SecretBytes)
    case sealed(SealedRootKey)
  }

  static func fresh() throws(VaultError) -> SecretBytes {
    do { return try SecretBytes.random(RootKeyFile.keySize) } catch { throw .crypto(error) }
  }

  /// The file's content, nil without a file.
  static func stored(in directory: PrivateDirectory) throws(VaultError) -> Stored? {
    let path = directory.path(of: fileName)
    let file: SecretBytes?
    do throws(StoreError) {
      file = try directory.read(fileName, limit: limit)
    } catch .corrupt(let file, _) {
      throw .rootDamaged(path: file)
    } catch {
      throw .store(error)
    }
    guard let file else { return nil }
    if isSealed(file) {
      // Nothing in it is secret without what opens it.
      let bytes = file.withBytes { unsafe Array($0) }
      do { return .sealed(try SealedRootKey(parsing: bytes)) } catch {
        throw .malformedSeal(path: path, error)
      }
    }
    guard let key = RootKeyFile.parse(file) else { throw .rootDamaged(path: path) }
    return .plain(key)
  }

  /// Runs `body` while no other process changes the file.
  static func exclusively<R>(
    _ directory: PrivateDirectory, _ patience: Duration, _ body: () throws(VaultError) -> R
  ) throws(VaultError) -> R {
    let result: Result<R, VaultError>
    do {
      result = try directory.exclusively(within: patience) { () throws(StoreError) in
        do throws(VaultError) { return .success(try body()) } catch { return .failure(error) }
      }
    } catch {
      throw .store(error)
    }
    return try result.get()
  }

  private static func isSealed(_ file: SecretBytes) -> Bool {
    file.slice(0..<5) == SecretBytes(copying: Array("CVMR".utf8) + [SealedRootKey.version])
  }
}

extension RootKey.Stored {
  package var kind: SealKind {
    switch self {
    case .plain: .file
    case .sealed(let sealed): sealed.kind
    }
  }

  /// The key, the agent's where it is sealed. Asks nobody else and waits for nobody.
  func opened(in directory: PrivateDirectory) throws(VaultError) -> SecretBytes {
    switch self {
    case .plain(let key): return key
    case .sealed(let sealed):
      guard let key = AgentClient(directory).key(of: sealed.vaultID) else { throw .locked(sealed.kind) }
      return key
    }
  }

  /// Puts it into the file, in one step.
  func write(in directory: PrivateDirectory) throws(VaultError) {
    let bytes: SecretBytes
    switch self {
    case .plain(let key):
      do { bytes = try RootKeyFile.serialize(key) } catch { throw .crypto(error) }
    case .sealed(let sealed): bytes = SecretBytes(copying: try sealed.serialized())
    }
    do { try directory.replace(RootKey.fileName, by: bytes) } catch { throw .store(error) }
  }
}
