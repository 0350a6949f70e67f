package import Bytes
package import CVMCrypto

/// That a signed log begins with what an older head of it covers, for somebody who has that head and the log's key: the body that
/// C2SP's tlog-witness takes.
///
/// | line  | content                                                       |
/// |-------|---------------------------------------------------------------|
/// | 1     | `old ` and the older head's size, decimal                     |
/// | …     | RFC 6962's consistency proof, one hash a line, base64         |
/// |       | an empty line                                                 |
/// | …     | the newer checkpoint                                          |
package struct ConsistencyProof: Equatable, Sendable {
  /// Records that the older head covers.
  package let oldSize: Int64
  package let path: [TreeHash]
  package let checkpoint: Checkpoint

  private static let prefix = "old "
  private static let format = "consistency proof"
  /// tlog-witness allows no more.
  private static let highest = 63

  package init(oldSize: Int64, path: [TreeHash], checkpoint: Checkpoint) {
    self.oldSize = oldSize
    self.path = path
    self.checkpoint = checkpoint
  }

  package var text: String {
    let lines = [Self.prefix + String(oldSize)] + path.map { Base64.encode($0.bytes) }
    return lines.map { $0 + "\n" }.joined() + "\n" + checkpoint.text
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= 2 * Checkpoint.limit else { throw Self.invalid("proof", "longer than 128 KiB") }
    let lines = bytes.split(
      separator: UInt8(ascii: "\n"), maxSplits: Self.highest + 2, omittingEmptySubsequences: false)
    guard let gap = lines.firstIndex(where: \.isEmpty), gap >= 1, gap + 1 < lines.count else {
      throw Self.invalid("proof", "no empty line before the checkpoint")
    }
    let texts = lines[..<gap].map { String(decoding: $0, as: UTF8.self) }
    guard texts[0].hasPrefix(Self.prefix), let size = Int64(texts[0].dropFirst(Self.prefix.count)), size >= 0,
      texts[0] == Self.prefix + String(size)
    else { throw Self.invalid("old", "not a number of records") }
    let path = texts[1...].map { text in Base64.decode(text).flatMap { TreeHash($0) } }
    guard !path.contains(nil) else { throw Self.invalid("path", "not 32 bytes in base64") }
    oldSize = size
    self.path = path.compactMap { $0 }
    checkpoint = try Checkpoint(parsing: Array(bytes[lines[gap + 1].startIndex...]))
  }

  /// Whether the proof's log begins with this head's; the signatures of both are another question.
  package func proves(_ old: Checkpoint) throws(CryptoError) -> Bool {
    guard old.size == oldSize else { return false }
    return try MerkleProof.verify(
      oldSize: old.size, oldRoot: old.root, size: checkpoint.size, root: checkpoint.root, path: path)
  }

  private static func invalid(_ field: String, _ reason: String) -> FormatError {
    FormatError(format, at: 0, .invalid(field: field, reason: reason))
  }
}
