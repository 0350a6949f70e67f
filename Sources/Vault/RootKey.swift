import CVMCrypto
package import StateStore

/// The `file` seal: a root key of 32 random bytes in `vault/root.key`, which only its owner can read. It protects against a stolen
/// database or backup of it, not against somebody who reads this file too: hence its name.
package struct RootKey: Sendable {
  static let fileName = "root.key"
  static let size = 32

  let key: SecretBytes

  /// Opens the root key. `isNeeded`: keys are wrapped with it, so a missing one is an error rather than made anew.
  package init(in directory: PrivateDirectory, patience: Duration, isNeeded: Bool) throws(VaultError) {
    let path = directory.path(of: Self.fileName)
    if let found = try Self.read(directory) {
      key = try Self.checked(found, path)
      return
    }
    guard !isNeeded else { throw .rootMissing(path: path) }
    let fresh: SecretBytes
    do {
      fresh = try SecretBytes.random(Self.size)
    } catch {
      throw .crypto(error)
    }
    do throws(StoreError) {
      key = try directory.exclusively(within: patience) { () throws(StoreError) in
        // Another process may have made it meanwhile: the first one counts.
        if let found = try directory.read(Self.fileName, limit: 2 * Self.size) { return found }
        try directory.create(Self.fileName, fresh)
        return fresh
      }
    } catch {
      throw .store(error)
    }
    guard key.count == Self.size else { throw .rootDamaged(path: path) }
  }

  private static func read(_ directory: PrivateDirectory) throws(VaultError) -> SecretBytes? {
    do {
      return try directory.read(fileName, limit: 2 * size)
    } catch {
      throw .store(error)
    }
  }

  private static func checked(_ key: SecretBytes, _ path: String) throws(VaultError) -> SecretBytes {
    guard key.count == size else { throw .rootDamaged(path: path) }
    return key
  }
}
