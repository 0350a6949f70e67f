import CVMCrypto
package import StateStore

/// The `file` seal: a root key of 32 random bytes in `vault/root.key`, which only its owner can read. It
/// protects against a stolen database or backup of it, not against somebody who reads this file too: hence
/// its name.
package struct RootKey: Sendable {
  static let fileName = "root.key"

  let key: SecretBytes

  /// Opens the root key. `isNeeded`: keys are wrapped with it, so a missing one is an error rather than made
  /// anew.
  package init(in directory: PrivateDirectory, patience: Duration, isNeeded: Bool) throws(VaultError) {
    let path = directory.path(of: Self.fileName)
    if let found = try Self.stored({ () throws(StoreError) in try Self.read(directory) }) {
      key = try Self.key(in: found, path)
      return
    }
    guard !isNeeded else { throw .rootMissing(path: path) }
    let fresh = try Self.made()
    let file = try Self.stored { () throws(StoreError) in
      try directory.exclusively(within: patience) { () throws(StoreError) in
        // Another process may have made it meanwhile: the first one counts.
        if let found = try Self.read(directory) { return found }
        try directory.create(Self.fileName, fresh)
        return fresh
      }
    }
    key = try Self.key(in: file, path)
  }

  private static func read(_ directory: PrivateDirectory) throws(StoreError) -> SecretBytes? {
    try directory.read(fileName, limit: 4096)
  }

  private static func made() throws(VaultError) -> SecretBytes {
    do {
      return try RootKeyFile.serialize(SecretBytes.random(RootKeyFile.keySize))
    } catch {
      throw .crypto(error)
    }
  }

  private static func key(in file: SecretBytes, _ path: String) throws(VaultError) -> SecretBytes {
    let key: SecretBytes?
    do {
      key = try RootKeyFile.parse(file)
    } catch {
      throw .crypto(error)
    }
    guard let key else { throw .rootDamaged(path: path) }
    return key
  }

  private static func stored<R>(_ body: () throws(StoreError) -> R) throws(VaultError) -> R {
    do throws(StoreError) {
      return try body()
    } catch .corrupt(let file, _) {
      throw .rootDamaged(path: file)
    } catch {
      throw .store(error)
    }
  }
}
