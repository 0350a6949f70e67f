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
    try OutputFile.makeDirectory(directory)
    let paths = paths(shares.count, in: directory)
    try requireAbsent(shares.count, in: directory)
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

  private static func paths(_ count: Int, in directory: String) -> [String] {
    (0..<max(0, count)).map { "\(directory)/share-\($0 + 1)" }
  }

  /// Throws where one of the files that so many shares need is there.
  static func requireAbsent(_ count: Int, in directory: String) throws(CoreError) {
    for path in paths(count, in: directory) { try OutputFile.requireAbsent(path) }
  }

  static func remove(_ paths: [String]) {
    for path in paths { unsafe unlink(path) }
  }
}
