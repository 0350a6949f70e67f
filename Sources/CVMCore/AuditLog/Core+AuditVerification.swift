import Bytes
import CVMCrypto
import StateStore
package import Vault

/// What a check of the whole log has found; a log that is not intact is an error.
package struct AuditVerification: Sendable {
  package let records: Int64
  /// The root over all records, 32 bytes.
  package let root: [UInt8]
  /// The log's name; nil before the first key.
  package let origin: String?
  /// Signed heads that were compared.
  package let heads: Int
  /// Records that the newest of them covers.
  package let signedRecords: Int64
  /// The key is the one that the vault wraps; false where the vault could not be asked.
  package let isKeyConfirmed: Bool
  /// Records that the newest anchor covers; nil without one.
  package let anchoredRecords: Int64?
  /// What the TPM counts, where it was asked.
  package let tpmCounter: UInt64?
}

extension Core {
  /// Reads the whole log and compares it with its hashes, its signed heads and an anchor. `.store(.corrupt)` names the
  /// first record that is not as it was written.
  /// - Parameters:
  ///   - anchor: the file of heads that were kept elsewhere. Without it or a TPM a rollback of all of the state directory
  ///     cannot be seen.
  ///   - tpm: compare the log with its counter in a TPM, there or where it was the last time.
  ///   - texts: verifier keys that were kept elsewhere: heads and anchor must be signed by each, and by what the log has besides.
  package func verifyAudit(
    anchor path: String?, tpm: (isAsked: Bool, address: TPMAddress?), keys texts: [String]
  ) throws(CoreError) -> AuditVerification {
    let store = try store()
    let given = try AuditFiles.keys(texts)
    let keys = try stored { () throws(StoreError) in try store.auditKeys() }
    let own = try keysOfAudit(keys)
    // A log that has lost its key was written anew.
    let chosen = given.isEmpty ? nil : own.firstIndex { row in given.allSatisfy(row.contains) }
    if let key = given.first, chosen == nil {
      throw .store(.corrupt(file: stateDirectory, reason: "its audit log does not have the key \(key.name)"))
    }
    let verifiers = own.flatMap { $0 }
    let anchors = if let path { try self.anchors(path, verifiers) } else { [Checkpoint]() }
    let report = try stored { () throws(StoreError) in
      try store.verifyAudit(anchors: anchors, keys: verifiers)
    }
    if case .broken(let sequence, let reason) = report.check {
      throw .store(.corrupt(file: store.file, reason: "audit record \(sequence): \(reason)"))
    }
    try requireSuccession(own, from: chosen, report)
    let counted = tpm.isAsked ? try comparedTPMAnchor(at: tpm.address) : nil
    let isConfirmed = try isKeyConfirmed(keys)
    let count = report.newestHead?.size ?? 0
    return AuditVerification(
      records: report.unsigned + count, root: report.root?.bytes ?? [],
      origin: report.newestHead?.origin ?? keys.last?.origin, heads: report.heads, signedRecords: count,
      isKeyConfirmed: isConfirmed,
      anchoredRecords: (anchors.map(\.size) + [counted?.sequence].compactMap { $0 }).max(),
      tpmCounter: counted?.counter)
  }

  /// All keys that the log ever had.
  func auditVerifiers() throws(CoreError) -> [VerifierKey] {
    let store = try store()
    return try keysOfAudit(try stored { () throws(StoreError) in try store.auditKeys() }).flatMap { $0 }
  }

  private func keysOfAudit(_ rows: [AuditKeyRow]) throws(CoreError) -> [[VerifierKey]] {
    var keys: [[VerifierKey]] = []
    for row in rows {
      do { keys.append(try row.verifiers()) } catch { throw .crypto(error) }
    }
    return keys
  }

  /// Each key's last head must be that of the record which names the next one. From a key that is known from elsewhere on every
  /// successor needs it; before, and without one, a key may have been lost with the root key.
  private func requireSuccession(
    _ keys: [[VerifierKey]], from known: Int?, _ report: AuditReport
  ) throws(CoreError) {
    guard keys.count > 1 else { return }
    let store = try store()
    let records = try stored { () throws(StoreError) in
      try store.auditEntries(AuditFilter(tenant: "", act: AuditRecord.rekey))
    }
    for (index, (old, new)) in zip(keys, keys.dropFirst()).enumerated() {
      let (name, next) = (old.first?.name ?? "", new.first?.name ?? "")
      let entry = records.first { $0.record.object == next }
      if entry == nil, index < known ?? keys.count { continue }
      guard let entry, entry.record.successors == new.map(\.text),
        report.signed[name] == entry.sequence
      else {
        throw .store(
          .corrupt(
            file: store.file, reason: "the audit log's key \(name) did not sign that \(next) takes its place")
        )
      }
    }
    guard let known, let newest = report.newestHead else { return }
    guard keys[known...].contains(where: { $0.first?.name == newest.origin }) else {
      throw .refused(
        "the key \(keys[known].first?.name ?? "") has not signed the log yet",
        hint: "cvmctl audit anchor --out FILE")
    }
  }

  /// Heads that their log's keys have signed, each of them.
  func anchors(_ path: String, _ keys: [VerifierKey]) throws(CoreError) -> [Checkpoint] {
    let anchors = try AuditFiles.checkpoints(path)
    for (index, anchor) in anchors.enumerated() {
      let name = anchors.count == 1 ? path : "\(path): head \(index + 1)"
      guard keys.contains(where: { $0.name == anchor.origin }) else {
        throw .store(
          .corrupt(
            file: stateDirectory,
            reason: "its audit log is not '\(anchor.origin)', which \(name) is a head of"))
      }
      let isSigned: Bool
      do { isSigned = try anchor.isSigned(by: keys) } catch { throw .crypto(error) }
      guard isSigned else {
        throw .refused("\(name): not signed by the key of the log", hint: "a head is kept as it was written")
      }
    }
    return anchors
  }

  /// Whether the newest public key is the one whose private half the vault wraps: who can write the database, but not
  /// read the root key, cannot make such a pair.
  private func isKeyConfirmed(_ keys: [AuditKeyRow]) throws(CoreError) -> Bool {
    guard !keys.isEmpty, let vault = try? vault() else { return false }
    do {
      return try vault.confirmAuditKey()
    } catch {
      throw .vault(error)
    }
  }
}
