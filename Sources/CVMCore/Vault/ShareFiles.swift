import CVMCrypto
import Glibc
package import Vault

/// Shares of a root key in files of their own: `share-1`, `share-2`, …
package enum ShareFiles {
  /// A share's line and what an editor may add to it.
  private static let limit = 4096

  /// The share in a file that only its owner can read.
  package static func read(_ path: String) throws(CoreError) -> KeyShare {
    let line = try InputFile.readSecret(path, limit: limit)
    do { return try KeyShare(parsing: line, from: path) } catch { throw .vault(error) }
  }

  /// Writes all of them, or none; returns the paths.
  static func write(_ shares: [KeyShare], in directory: String?) throws(CoreError) -> [String] {
    guard !shares.isEmpty else { return [] }
    guard let directory else { throw .usage("shares need a directory") }
    if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
      throw .file(path: directory, .unwritable(errno: errno))
    }
    let paths = shares.indices.map { "\(directory)/share-\($0 + 1)" }
    for path in paths { try OutputFile.requireAbsent(path) }
    var written: [String] = []
    do throws(CoreError) {
      for (path, share) in zip(paths, shares) {
        let line: SecretBytes
        do { line = try share.line() } catch { throw .vault(error) }
        try OutputFile.create(path, secret: line)
        written.append(path)
      }
    } catch {
      remove(written)
      throw error
    }
    return paths
  }

  static func remove(_ paths: [String]) {
    for path in paths { unsafe unlink(path) }
  }
}
