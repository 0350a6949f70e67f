package import Bytes
package import CVMCrypto

/// That a record stands in a signed log, for somebody who has the record and the log's key, and nothing else of the
/// log: C2SP's tlog-proof.
///
/// | line  | content                                                       |
/// |-------|---------------------------------------------------------------|
/// | 1     | `c2sp.org/tlog-proof@v1`                                      |
/// | 2     | `index ` and the leaf's place, decimal, from 0                |
/// | …     | the path to the root, one hash a line, base64                 |
/// |       | an empty line                                                 |
/// | …     | the checkpoint                                                |
package struct RecordProof: Equatable, Sendable {
  /// The leaf's place, from 0: the record's sequence number less one.
  package let index: Int64
  package let path: [TreeHash]
  package let checkpoint: Checkpoint

  private static let header = "c2sp.org/tlog-proof@v1"
  private static let format = "record proof"
  /// No tree that fits into 64-bit sizes is higher.
  private static let highest = 63

  package init(index: Int64, path: [TreeHash], checkpoint: Checkpoint) {
    self.index = index
    self.path = path
    self.checkpoint = checkpoint
  }

  package var text: String {
    let lines = [Self.header, "index \(index)"] + path.map { Base64.encode($0.bytes) }
    return lines.map { $0 + "\n" }.joined() + "\n" + checkpoint.text
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= 2 * Checkpoint.limit else { throw Self.invalid("proof", "longer than 128 KiB") }
    let lines = bytes.split(
      separator: UInt8(ascii: "\n"), maxSplits: Self.highest + 3, omittingEmptySubsequences: false)
    guard let gap = lines.firstIndex(where: \.isEmpty), gap >= 2, gap + 1 < lines.count else {
      throw Self.invalid("proof", "no empty line before the checkpoint")
    }
    let texts = lines[..<gap].map { String(decoding: $0, as: UTF8.self) }
    guard texts[0] == Self.header else { throw Self.invalid("header", "not \(Self.header)") }
    guard texts[1].hasPrefix("index "), let index = Int64(texts[1].dropFirst(6)), index >= 0,
      texts[1] == "index \(index)"
    else { throw Self.invalid("index", "not a place in a log") }
    let path = texts[2...].map { text in Base64.decode(text).flatMap { TreeHash($0) } }
    guard !path.contains(nil) else { throw Self.invalid("path", "not 32 bytes in base64") }
    self.index = index
    self.path = path.compactMap { $0 }
    checkpoint = try Checkpoint(parsing: Array(bytes[lines[gap + 1].startIndex...]))
  }

  /// Whether the log of these keys holds the record at the proof's place: each has signed the head.
  package func proves(_ record: [UInt8], by keys: [VerifierKey]) throws(CryptoError) -> Bool {
    guard try checkpoint.isSigned(by: keys) else { return false }
    return try MerkleProof.verify(
      leaf: .leaf(record), index: index, size: checkpoint.size, path: path, root: checkpoint.root)
  }

  private static func invalid(_ field: String, _ reason: String) -> FormatError {
    FormatError(format, at: 0, .invalid(field: field, reason: reason))
  }
}
