package import Bytes
package import CVMCrypto

/// A signed head of the log: C2SP's tlog-checkpoint in a signed note.
///
/// | line  | content                                                          |
/// |-------|------------------------------------------------------------------|
/// | 1     | origin: whose log                                                |
/// | 2     | size in records, decimal                                         |
/// | 3     | root of the tree, base64                                         |
/// | …     | further lines, which are signed and not looked into              |
///
/// The empty line and the signatures of a `SignedNote` follow.
package struct Checkpoint: Equatable, Sendable {
  package let origin: String
  package let size: Int64
  package let root: TreeHash
  private var note: SignedNote

  /// Bytes of a note that are read.
  package static let limit = 64 << 10
  private static let format = "checkpoint"

  /// A head that nobody has signed yet.
  package init(origin: String, size: Int64, root: TreeHash) {
    self.origin = origin
    self.size = size
    self.root = root
    note = SignedNote(body: "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n")
  }

  package var text: String { note.text }

  /// What is signed.
  package var body: String { note.body }

  package var signatures: [NoteSignature] { note.signatures }

  /// What composite signatures say that they sign.
  static let context = "cvmctl/audit/v1"

  package mutating func sign(with signer: AuditSigner) throws(CryptoError) {
    try note.sign(with: signer, context: Self.context)
  }

  /// Whether this key has signed it. A signature that names the key and is not its own spoils the others.
  package func isSigned(by key: VerifierKey) throws(CryptoError) -> Bool {
    try note.isSigned(by: key, context: Self.context)
  }

  /// Whether every key of its log among these has signed it; there must be one.
  /// - Parameter composite: false where the composite signature, whose check takes long, need only be there: for a head with a newer
  ///   one over the same records.
  package func isSigned(
    by keys: [VerifierKey], composite: Bool = true
  ) throws(CryptoError) -> Bool {
    let own = keys.filter { $0.name == origin }
    for key in own {
      if case .composite = key.key, !composite {
        guard note.names(key) else { return false }
      } else {
        guard try isSigned(by: key) else { return false }
      }
    }
    return !own.isEmpty
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    note = try SignedNote(parsing: bytes, format: Self.format, limit: Self.limit)
    let lines = note.lines
    guard lines.count >= 3 else { throw Self.invalid("note", "not origin, size and root") }
    guard let size = Int64(lines[1]), size >= 0, String(size) == lines[1] else {
      throw Self.invalid("size", "not a number of records")
    }
    guard NoteSignature.isName(String(lines[0])) else { throw Self.invalid("origin", "not a name") }
    guard let root = Base64.decode(String(lines[2])).flatMap({ TreeHash($0) }) else {
      throw Self.invalid("root", "not 32 bytes in base64")
    }
    origin = String(lines[0])
    self.size = size
    self.root = root
  }

  /// Heads one behind the other, at least one, as who keeps them appends them to a file. A head ends with its last signature.
  package static func list(parsing bytes: [UInt8]) throws(FormatError) -> [Checkpoint] {
    let signature = Array(NoteSignature.dash.utf8)
    var (heads, start, isSigned) = ([Checkpoint](), 0, false)
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let isSignature = line.starts(with: signature)
      if isSigned, !isSignature {
        heads.append(try head(bytes[start..<line.startIndex], at: start))
        start = line.startIndex
      }
      isSigned = isSignature
    }
    if start < bytes.count || heads.isEmpty { heads.append(try head(bytes[start...], at: start)) }
    return heads
  }

  private static func head(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(FormatError) -> Checkpoint {
    do { return try Checkpoint(parsing: Array(bytes)) } catch {
      throw FormatError(error.format, at: offset + error.offset, error.problem)
    }
  }

  private static func invalid(_ field: String, _ reason: String) -> FormatError {
    FormatError(format, at: 0, .invalid(field: field, reason: reason))
  }
}
