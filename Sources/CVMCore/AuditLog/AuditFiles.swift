import Bytes
import CVMCrypto
package import StateStore

/// Files and texts of the audit log that leave the machine, and their check without a store.
package enum AuditFiles {
  /// The keys of one log, one a line: as `audit key` prints them, or one of them.
  package static func keys(_ texts: [String]) throws(CoreError) -> [VerifierKey] {
    let lines = texts.flatMap { $0.split(separator: "\n").map(String.init) }
    var keys: [VerifierKey] = []
    for line in lines {
      do { keys.append(try VerifierKey(parsing: line)) } catch {
        throw .malformedBytes(source: "--key", error)
      }
    }
    guard Set(keys.map(\.name)).count <= 1 else { throw .usage("--key: keys of different logs") }
    return keys
  }

  /// Bytes of heads that are read: those of a year, one an hour.
  private static let headsLimit = 64 << 20

  /// The heads in a file, at least one; `-` is standard input.
  package static func checkpoints(_ path: String) throws(CoreError) -> [Checkpoint] {
    let bytes =
      path == "-"
      ? try InputFile.readStandardInput(limit: headsLimit) : try InputFile.read(path, limit: headsLimit)
    do { return try Checkpoint.list(parsing: bytes) } catch {
      throw .malformedBytes(source: path == "-" ? "standard input" : path, error)
    }
  }

  /// Checks that a log holds a record, for whoever has nothing else of it. `.refused` where it does not follow.
  /// - Parameters:
  ///   - keys: of the log; each must have signed.
  ///   - record: the file of the record as `audit export` and `audit prove` write it; a line's end after it
  ///     does not belong to it.
  package static func verify(
    proof: String, record: String, keys texts: [String]
  ) throws(CoreError) -> RecordProof {
    let keys = try keys(texts)
    let log = keys.first?.name ?? ""
    let proofBytes = try InputFile.read(proof, limit: InputFile.smallLimit)
    let parsed: RecordProof
    do { parsed = try RecordProof(parsing: proofBytes) } catch { throw .malformedBytes(source: proof, error) }
    var bytes = try InputFile.read(record, limit: InputFile.smallLimit)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    let (isSigned, isProven): (Bool, Bool)
    do {
      isSigned = try parsed.checkpoint.isSigned(by: keys)
      isProven = try parsed.proves(bytes, by: keys)
    } catch { throw .crypto(error) }
    guard isSigned else { throw .refused("\(proof): its head is not signed by the keys of \(log)") }
    guard isProven else { throw .refused("\(record): not record \(parsed.index + 1) of the log \(log)") }
    return parsed
  }
}
