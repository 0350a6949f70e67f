import Bytes
import CVMCrypto
import Documents
import StateStore

/// A certificate of destruction on its way to somebody who trusts the keys of the audit log and nothing else: a signed note.
///
/// | line  | content                                                   |
/// |-------|-----------------------------------------------------------|
/// | 1     | `cvmctl/destruction/v1`                                   |
/// | 2     | origin: whose log                                         |
/// | 3     | the certificate, JSON on one line                         |
///
/// Both keys of the log sign it; composite signatures say that it is line 1.
extension DestructionCertificate {
  private static let header = "cvmctl/destruction/v1"
  private static let format = "certificate of destruction"

  /// The signed note's text.
  func signed(by signer: AuditSigner) throws(CoreError) -> String {
    let content: String
    do { content = try JSONText.emit(try recorded(), pretty: false) } catch let error as CoreError {
      throw error
    } catch {
      throw .store(.misuse(reason: "a certificate of destruction that cannot be encoded"))
    }
    var note = SignedNote(body: "\(Self.header)\n\(signer.origin)\n\(content)\n")
    do { try note.sign(with: signer, context: Self.header) } catch { throw .crypto(error) }
    return note.text
  }

  /// The certificate in a file, if both of these keys have signed it. No store is needed.
  /// - Parameter texts: both keys of the log, as `audit key` prints them.
  package static func verified(
    _ path: String, keys texts: [String]
  ) throws(CoreError) -> DestructionCertificate {
    let keys = try AuditFiles.keys(texts)
    guard Set(keys.map(\.key.algorithm)).count == 2 else {
      throw .usage("--certificate needs both keys of the log", hint: "as printed by: cvmctl audit key")
    }
    let bytes = try InputFile.read(path, limit: InputFile.smallLimit)
    let note: SignedNote
    do {
      note = try SignedNote(parsing: bytes, format: format, limit: InputFile.smallLimit)
    } catch {
      throw .malformedBytes(source: path, error)
    }
    try requireSigned(note, by: keys, path)
    guard note.lines.count == 3, let value = try? JSONText.parse(Array(note.lines[2].utf8)),
      var certificate = DestructionCertificate(recorded: value)
    else {
      throw .malformedBytes(
        source: path, FormatError(format, at: 0, .invalid(field: "text", reason: "not a certificate")))
    }
    certificate.note = note.text
    return certificate
  }

  /// Throws `.refused` with what is amiss.
  private static func requireSigned(
    _ note: SignedNote, by keys: [VerifierKey], _ path: String
  ) throws(CoreError) {
    guard note.lines.first ?? "" == header else {
      throw .refused("\(path): not a certificate of destruction: its first line is not '\(header)'")
    }
    let origin = note.lines.dropFirst().first.map(String.init) ?? ""
    if let foreign = keys.first(where: { $0.name != origin }) {
      throw .refused("\(path): a certificate of the log '\(origin)', not of '\(foreign.name)'")
    }
    for key in keys {
      guard note.names(key) else {
        throw .refused("\(path): has no signature of that log's \(key.key.algorithm) key")
      }
      let isSigned: Bool
      do { isSigned = try note.isSigned(by: key, context: header) } catch { throw .crypto(error) }
      guard isSigned else {
        throw .refused("\(path): its \(key.key.algorithm) signature does not fit: it was changed")
      }
    }
  }
}
