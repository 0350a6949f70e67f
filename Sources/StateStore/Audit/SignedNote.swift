package import Bytes
package import CVMCrypto

/// A text and who has signed it: C2SP's signed note.
///
/// | line  | content                                                          |
/// |-------|------------------------------------------------------------------|
/// | …     | the text, at least one line, none of them empty                  |
/// |       | an empty line                                                    |
/// | …     | one line for each signature (`NoteSignature`), at least one      |
///
/// Signed are the lines before the empty one with their ends. Signatures of unknown keys mean nothing, so that another
/// kind can be added.
package struct SignedNote: Equatable, Sendable {
  /// What is signed.
  package let body: String
  package private(set) var signatures: [NoteSignature] = []

  /// A text that nobody has signed yet: lines with their ends.
  package init(body: String) { self.body = body }

  package var text: String { body + "\n" + signatures.map { $0.line + "\n" }.joined() }

  /// The lines of the text, without their ends.
  package var lines: [Substring] { body.split(separator: "\n") }

  /// - Parameter context: what the text is, which composite signatures say.
  package mutating func sign(with signer: AuditSigner, context: String) throws(CryptoError) {
    signatures += try signer.signatures(of: body, context: context)
  }

  /// Whether this key has signed it. A signature that names the key and is not its own spoils the others.
  package func isSigned(by key: VerifierKey, context: String) throws(CryptoError) -> Bool {
    try signatures.verify(body, by: key, context: context)
  }

  /// Whether a signature says that it is this key's.
  package func names(_ key: VerifierKey) -> Bool { signatures.contains { $0.names(key) } }

  /// - Parameters:
  ///   - format: what it is called in errors.
  ///   - limit: bytes that are read.
  package init(parsing bytes: [UInt8], format: String, limit: Int) throws(FormatError) {
    func invalid(_ field: String, _ reason: String) -> FormatError {
      FormatError(format, at: 0, .invalid(field: field, reason: reason))
    }
    guard bytes.count <= limit else { throw invalid("note", "longer than \(limit >> 10) KiB") }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.elementsEqual(bytes) else { throw invalid("note", "not UTF-8") }
    guard text.unicodeScalars.allSatisfy({ $0 == "\n" || $0.properties.generalCategory != .control }) else {
      throw invalid("note", "control characters")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.last?.isEmpty == true, let gap = lines.dropLast().lastIndex(where: \.isEmpty), gap >= 1 else {
      throw invalid("note", "no text, empty line and signatures")
    }
    guard !lines[..<gap].contains(where: \.isEmpty) else {
      throw invalid("note", "an empty line in the text")
    }
    let signatures = lines[(gap + 1)...].dropLast().map { NoteSignature(line: $0) }
    guard !signatures.isEmpty, !signatures.contains(nil) else {
      throw invalid("signature", "not a signature line")
    }
    body = lines[..<gap].map { $0 + "\n" }.joined()
    self.signatures = signatures.compactMap { $0 }
  }
}
