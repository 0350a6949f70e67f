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
/// |       | an empty line                                                    |
/// | …     | one line for each signature (`NoteSignature`), at least one      |
///
/// Signed are the lines before the empty one with their ends. Signatures of unknown keys mean nothing, so that another
/// kind can be added.
package struct Checkpoint: Equatable, Sendable {
  package let origin: String
  package let size: Int64
  package let root: TreeHash
  /// What is signed.
  package let body: String
  package private(set) var signatures: [NoteSignature]

  /// Bytes of a note that are read.
  package static let limit = 64 << 10
  private static let format = "checkpoint"

  /// A head that nobody has signed yet.
  package init(origin: String, size: Int64, root: TreeHash) {
    self.origin = origin
    self.size = size
    self.root = root
    body = "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n"
    signatures = []
  }

  package var text: String { body + "\n" + signatures.map { $0.line + "\n" }.joined() }

  /// What composite signatures say that they sign.
  static let context = "cvmctl/audit/v1"

  package mutating func sign(with signer: AuditSigner) throws(CryptoError) {
    signatures += try signer.signatures(of: body, context: Self.context)
  }

  /// Whether this key has signed it. A signature that names the key and is not its own spoils the others.
  package func isSigned(by key: VerifierKey) throws(CryptoError) -> Bool {
    try signatures.verify(body, by: key, context: Self.context)
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
        guard signatures.contains(where: { $0.names(key) }) else { return false }
      } else {
        guard try isSigned(by: key) else { return false }
      }
    }
    return !own.isEmpty
  }

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.limit else { throw Self.invalid("note", "longer than 64 KiB") }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.elementsEqual(bytes) else { throw Self.invalid("note", "not UTF-8") }
    guard text.unicodeScalars.allSatisfy({ $0 == "\n" || $0.properties.generalCategory != .control }) else {
      throw Self.invalid("note", "control characters")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.last?.isEmpty == true, let gap = lines.dropLast().lastIndex(where: \.isEmpty), gap >= 3 else {
      throw Self.invalid("note", "no text, empty line and signatures")
    }
    guard let size = Int64(lines[1]), size >= 0, String(size) == lines[1] else {
      throw Self.invalid("size", "not a number of records")
    }
    guard NoteSignature.isName(String(lines[0])) else { throw Self.invalid("origin", "not a name") }
    guard let root = Base64.decode(String(lines[2])).flatMap({ TreeHash($0) }) else {
      throw Self.invalid("root", "not 32 bytes in base64")
    }
    guard !lines[..<gap].contains(where: \.isEmpty) else {
      throw Self.invalid("note", "an empty line in the text")
    }
    let signatures = lines[(gap + 1)...].dropLast().map { NoteSignature(line: $0) }
    guard !signatures.isEmpty, !signatures.contains(nil) else {
      throw Self.invalid("signature", "not a signature line")
    }
    origin = String(lines[0])
    self.size = size
    self.root = root
    body = lines[..<gap].map { $0 + "\n" }.joined()
    self.signatures = signatures.compactMap { $0 }
  }

  private static func invalid(_ field: String, _ reason: String) -> FormatError {
    FormatError(format, at: 0, .invalid(field: field, reason: reason))
  }
}
