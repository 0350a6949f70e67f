package import CVMCrypto
import StateStore

/// The vault's root key: 32 random bytes in `vault/root.key`, as they are (seal `file`) or sealed. The `file` seal protects
/// against a stolen database or backup of it, not against somebody who reads this file too: hence its name.
package struct RootKey: Sendable {
  let key: SecretBytes
  /// SHA-256 of the file that it is from.
  let digest: [UInt8]

  /// Opens the root key; a sealed one is the agent's to give, or a TPM's.
  /// - Parameters:
  ///   - isNeeded: keys are wrapped with it, so a missing one is an error rather than made anew.
  ///   - waits: ask a TPM, which takes its time.
  init(in files: RootKeyFiles, patience: Duration, isNeeded: Bool, waits: Bool) throws(VaultError) {
    let directory = files.directory
    let found: RootKeyFiles.Content
    if let current = try files.current() {
      found = current
    } else {
      guard !isNeeded else { throw .rootMissing(path: directory.path(of: RootKeyFiles.name)) }
      let fresh = Stored.plain(try Self.fresh())
      found = try Self.exclusively(directory, patience) { () throws(VaultError) in
        // Another process may have made it meanwhile: the first one counts.
        if let current = try files.current() { return current }
        return RootKeyFiles.Content(stored: fresh, digest: try fresh.write(in: directory))
      }
    }
    key = try found.stored.opened(in: directory, waits: waits)
    digest = found.digest
  }

  /// One that was just made.
  init(_ draft: SealedVault.Draft, digest: [UInt8]) {
    key = draft.root
    self.digest = digest
  }

  /// What is in the file.
  package enum Stored: Sendable {
    case plain(SecretBytes)
    case sealed(SealedRootKey)
  }

  static func fresh() throws(VaultError) -> SecretBytes {
    do { return try SecretBytes.random(RootKeyFile.keySize) } catch { throw .crypto(error) }
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
}

extension RootKey.Stored {
  /// - Parameter path: the file's, for messages.
  init(parsing file: SecretBytes, from path: String) throws(VaultError) {
    if file.slice(0..<5) == SecretBytes(copying: Array("CVMR".utf8) + [SealedRootKey.version]) {
      // Nothing in it is secret without what opens it.
      let bytes = file.withBytes { unsafe Array($0) }
      do { self = .sealed(try SealedRootKey(parsing: bytes)) } catch {
        throw .malformedSeal(path: path, error)
      }
      return
    }
    guard let key = RootKeyFile.parse(file) else { throw .rootDamaged(path: path) }
    self = .plain(key)
  }

  package var kind: SealKind {
    switch self {
    case .plain: .file
    case .sealed(let sealed): sealed.kind
    }
  }

  /// The key. A sealed one the agent has; a TPM gives it as well, where it needs no PIN.
  func opened(in directory: PrivateDirectory, waits: Bool = true) throws(VaultError) -> SecretBytes {
    switch self {
    case .plain(let key): return key
    case .sealed(let sealed):
      if let key = AgentClient(directory).key(of: sealed.vaultID) { return key }
      guard sealed.needs == .nothing, waits else { throw .locked(sealed.kind) }
      return try sealed.open(by: .machine)
    }
  }

  /// The file's bytes.
  package func serialized() throws(VaultError) -> SecretBytes {
    switch self {
    case .plain(let key):
      do { return try RootKeyFile.serialize(key) } catch { throw .crypto(error) }
    case .sealed(let sealed): return SecretBytes(copying: try sealed.serialized())
    }
  }

  /// Puts it into a file, in one step. Returns the SHA-256 of the file's bytes.
  @discardableResult
  func write(to name: String = RootKeyFiles.name, in directory: PrivateDirectory) throws(VaultError)
    -> [UInt8]
  {
    let bytes = try serialized()
    do { try directory.replace(name, by: bytes) } catch { throw .store(error) }
    return try RootKeyFiles.digest(of: bytes)
  }
}
