import Bytes
import CVMCrypto
package import StateStore

/// Files and texts of the audit log that leave the machine, and their check without a store.
package enum AuditFiles {
  /// The keys of one log.
  /// - Parameter texts: keys, one a line, as `audit key` prints them, or files of them.
  package static func keys(_ texts: [String]) throws(CoreError) -> [VerifierKey] {
    let keys = try keysOfAnyLog(texts)
    guard Set(keys.map(\.name)).count <= 1 else { throw .usage("--key: keys of different logs") }
    return keys
  }

  private static func keysOfAnyLog(_ texts: [String]) throws(CoreError) -> [VerifierKey] {
    var keys: [VerifierKey] = []
    for text in texts {
      do throws(FormatError) { keys += try parsed(text) } catch {
        let bytes: [UInt8]
        do throws(CoreError) { bytes = try InputFile.read(text, limit: InputFile.smallLimit) } catch .file(
          _, .missing)
          where text.contains("+") || !text.contains("/")
        {
          throw .malformedBytes(source: "--key", error)
        }
        do throws(FormatError) { keys += try parsed(String(decoding: bytes, as: UTF8.self)) } catch {
          throw .malformedBytes(source: text, error)
        }
      }
    }
    return keys
  }

  /// At least one key.
  private static func parsed(_ text: String) throws(FormatError) -> [VerifierKey] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var keys: [VerifierKey] = []
    for line in lines.last == "" && lines.count > 1 ? lines.dropLast() : lines[...] {
      keys.append(try VerifierKey(parsing: String(line)))
    }
    return keys
  }

  /// Checks that a log continues an older head of it, for whoever has nothing else of it. `.refused` where it does not follow.
  /// - Parameters:
  ///   - old: the file of the head, the last one in it.
  ///   - keys: of the log, its later ones too; each of a head's must have signed it.
  package static func verify(
    proof: String, from old: String, keys texts: [String]
  ) throws(CoreError) -> ConsistencyProof {
    let keys = try keysOfAnyLog(texts)
    let bytes = try InputFile.read(proof, limit: InputFile.smallLimit)
    let parsed: ConsistencyProof
    do { parsed = try ConsistencyProof(parsing: bytes) } catch { throw .malformedBytes(source: proof, error) }
    guard let head = try checkpoints(old).last else { throw .notFound(.file, old) }
    let (signed, isProven): ([Bool], Bool)
    do {
      signed = [try head.isSigned(by: keys), try parsed.checkpoint.isSigned(by: keys)]
      isProven = try parsed.proves(head)
    } catch { throw .crypto(error) }
    guard signed[0] else { throw .refused("\(old): not signed by the keys given") }
    guard signed[1] else { throw .refused("\(proof): its head is not signed by the keys given") }
    guard isProven else {
      throw .refused(
        "\(proof): the log of \(parsed.checkpoint.size) records does not continue that of \(old)")
    }
    return parsed
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
