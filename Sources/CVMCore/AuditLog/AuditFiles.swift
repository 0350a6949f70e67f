import Bytes
import CVMCrypto
package import StateStore

/// Files and texts of the audit log that leave the machine, and their check without a store.
package enum AuditFiles {
  package static func key(_ text: String) throws(CoreError) -> VerifierKey {
    do { return try VerifierKey(parsing: text) } catch { throw .malformedBytes(source: "--key", error) }
  }

  package static func checkpoint(_ path: String) throws(CoreError) -> Checkpoint {
    let bytes = try InputFile.read(path, limit: Checkpoint.limit)
    do { return try Checkpoint(parsing: bytes) } catch { throw .malformedBytes(source: path, error) }
  }

  /// Checks that a log holds a record, for whoever has nothing else of it. `.refused` where it does not follow.
  /// - Parameter record: the file of the record as `audit export` and `audit prove` write it; a line's end after it does
  ///   not belong to it.
  package static func verify(proof: String, record: String, key text: String) throws(CoreError) -> RecordProof
  {
    let key = try key(text)
    let proofBytes = try InputFile.read(proof, limit: InputFile.smallLimit)
    let parsed: RecordProof
    do { parsed = try RecordProof(parsing: proofBytes) } catch { throw .malformedBytes(source: proof, error) }
    var bytes = try InputFile.read(record, limit: InputFile.smallLimit)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    let (isSigned, isProven): (Bool, Bool)
    do {
      isSigned = try parsed.checkpoint.isSigned(by: key)
      isProven = try parsed.proves(bytes, by: key)
    } catch { throw .crypto(error) }
    guard isSigned else { throw .refused("\(proof): its head is not signed by the key \(key.name)") }
    guard isProven else { throw .refused("\(record): not record \(parsed.index + 1) of the log \(key.name)") }
    return parsed
  }
}
