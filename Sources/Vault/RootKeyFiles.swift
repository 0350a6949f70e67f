import CVMCrypto
import StateStore

/// The files that a root key may be in. There are two while another root key takes the place of the one that there was; which of
/// them counts the store says, for it says so in the very act that wraps everything anew.
struct RootKeyFiles: Sendable {
  static let name = "root.key"
  /// Of the root key that is to come.
  static let nextName = "root.key.next"
  private static let limit = 4096

  let directory: PrivateDirectory
  let store: StateStore

  /// What the file that counts holds, and the SHA-256 of its bytes.
  struct Content {
    let stored: RootKey.Stored
    let digest: [UInt8]
  }

  /// Nil without a root key. Changes nothing and waits for nobody: also for use within an act.
  func current() throws(VaultError) -> Content? {
    if let next = try next(), next.isCommitted { return try content(of: next.bytes, Self.nextName) }
    return try bytes(of: Self.name).map { (bytes) throws(VaultError) in try content(of: bytes, Self.name) }
  }

  /// Ends what a process began that was killed. Callers hold the directory.
  func settle() throws(VaultError) {
    for name in [Self.name, Self.nextName] { directory.remove(name + PrivateDirectory.draftSuffix) }
    guard let next = try next() else { return }
    guard next.isCommitted else { return directory.remove(Self.nextName) }
    do { try directory.rename(Self.nextName, to: Self.name) } catch { throw .store(error) }
  }

  /// As `settle`, where there is something and nobody is at it.
  func settleIfLeft() {
    let left = [
      Self.nextName, Self.name + PrivateDirectory.draftSuffix, Self.nextName + PrivateDirectory.draftSuffix,
    ]
    guard left.contains(where: { directory.inode(of: $0) != nil }) else { return }
    _ = try? RootKey.exclusively(directory, .zero) { () throws(VaultError) in try settle() }
  }

  private func next() throws(VaultError) -> (bytes: SecretBytes, isCommitted: Bool)? {
    guard directory.inode(of: Self.nextName) != nil, let bytes = try bytes(of: Self.nextName) else {
      return nil
    }
    let digest = try Self.digest(of: bytes)
    do { return (bytes, try store.rootKeyDigest() == digest) } catch { throw .store(error) }
  }

  private func bytes(of name: String) throws(VaultError) -> SecretBytes? {
    do throws(StoreError) {
      return try directory.read(name, limit: Self.limit)
    } catch .corrupt(let file, _) {
      throw .rootDamaged(path: file)
    } catch {
      throw .store(error)
    }
  }

  private func content(of bytes: SecretBytes, _ name: String) throws(VaultError) -> Content {
    Content(
      stored: try RootKey.Stored(parsing: bytes, from: directory.path(of: name)),
      digest: try Self.digest(of: bytes))
  }

  static func digest(of bytes: SecretBytes) throws(VaultError) -> [UInt8] {
    do {
      let stream = try SHA256.Stream()
      bytes.withBytes { stream.update($0) }
      return try stream.finalize()
    } catch {
      throw .crypto(error)
    }
  }
}
