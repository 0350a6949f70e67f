import CVMCrypto
import Glibc
package import Vault

/// Shares of a root key in files of their own: `share-1`, `share-2`, … Until the root key is in its place they are called
/// `share-1.pending`: they open nothing where it did not get there.
package struct ShareFiles {
  /// A share's line and what an editor may add to it.
  private static let limit = 4096

  private let directory: String
  private let paths: [String]

  /// The share in a file that only its owner can read.
  package static func read(_ path: String) throws(CoreError) -> KeyShare {
    let line = try InputFile.readSecret(path, limit: limit)
    do { return try KeyShare(parsing: line, from: path) } catch { throw .vault(error) }
  }

  /// Writes all of them, or none.
  /// - Parameter stored: the root key that there is now. Pending shares of another one are remains and make way.
  init(writing shares: [KeyShare], in directory: String?, of stored: RootKey.Stored?) throws(CoreError) {
    guard !shares.isEmpty else {
      (self.directory, paths) = ("", [])
      return
    }
    guard let directory else { throw .usage("shares need a directory") }
    try OutputFile.makeDirectory(directory)
    self.directory = directory
    paths = shares.indices.map { "\(directory)/share-\($0 + 1)" }
    for path in paths {
      try OutputFile.requireAbsent(path)
      if let old = try? Self.read(Self.pending(path)), old.belongs(to: stored) {
        throw .conflict("\(Self.pending(path)) is a share of the vault", hint: "give it its name: \(path)")
      }
      unsafe unlink(Self.pending(path))
    }
    do throws(CoreError) {
      for (path, share) in zip(paths, shares) {
        let line: SecretBytes
        do { line = try share.line() } catch { throw .vault(error) }
        try OutputFile.draft(Self.pending(path), secret: line)
      }
      try sync()
    } catch {
      remove()
      throw error
    }
  }

  /// Gives them their names: the root key that they open is in its place.
  func publish() throws(CoreError) {
    guard !paths.isEmpty else { return }
    for path in paths { try OutputFile.publish(Self.pending(path), as: path) }
    try sync()
  }

  func remove() {
    for path in paths { unsafe unlink(Self.pending(path)) }
  }

  private static func pending(_ path: String) -> String { path + ".pending" }

  private func sync() throws(CoreError) {
    let number = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .file(path: directory, .unreadable(errno: errno)) }
    defer { close(number) }
    guard fsync(number) == 0 else { throw .file(path: directory, .unwritable(errno: errno)) }
  }
}
