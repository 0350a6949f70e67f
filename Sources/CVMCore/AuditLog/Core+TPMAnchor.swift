package import StateStore
package import Vault

/// The log's anchor in a TPM: a counter there, and in the log a record of the value that it gets, which a signed head covers
/// before the counter has it. A log whose newest anchor is below the counter was put back to an older state.
extension Core {
  /// Anchors the log as it is now.
  /// - Parameters:
  ///   - address: where the TPM is; nil: where it was the last time.
  ///   - replacingLost: where the log and the TPM differ: from here on. `.conflict` where they don't.
  package func anchorAudit(
    inTPM address: TPMAddress?, replacingLost: Bool
  ) throws(CoreError) -> (head: Checkpoint, counter: UInt64) {
    try requireOperator("anchor the log in a TPM")
    let signer = try auditSigner()
    let store = try store()
    // One after the other: each has a value of its own.
    return try store.directory.exclusively(within: .seconds(timeout)) { () throws(CoreError) in
      let known = try tpmAnchor()
      let address = address ?? known?.address
      var counter = try counted { mark throws(VaultError) in try TPMCounter(of: mark, at: address) }
      if let problem = TPMAnchor.problem(known, counter) {
        guard replacingLost else { throw mismatch(problem) }
      } else if replacingLost {
        throw .conflict("the log's anchor in the TPM is not lost")
      }
      if counter.value == nil {
        let empty = counter
        counter = try counted { mark throws(VaultError) in try empty.raised(to: 1, of: mark, at: address) }
      }
      let logged = known?.tpm == counter.tpm ? known?.counter ?? 0 : 0
      let (next, isTooLarge) = max(counter.value ?? 0, replacingLost ? 0 : logged).addingReportingOverflow(1)
      guard !isTooLarge else { throw .tpm(.noRoom) }
      let record = record(
        "audit.anchor", object: signer.origin,
        detail: TPMAnchor.detail(counter, raisedTo: next, at: address))
      let (attempt, head) = try stored { () throws(StoreError) in
        try store.signedAttempt(record, by: signer)
      }
      do throws(CoreError) {
        _ = try counted { mark throws(VaultError) in try counter.raised(to: next, of: mark, at: address) }
      } catch {
        try stored { () throws(StoreError) in try store.outcome(of: attempt, "failed", at: .now()) }
        throw error
      }
      try stored { () throws(StoreError) in try store.outcome(of: attempt, "ok", at: .now()) }
      return (head, next)
    }
  }

  /// The newest anchor of the log, after a comparison with its TPM: `.store(.corrupt)` where the log was rolled back,
  /// `.refused` where the TPM cannot tell.
  func comparedTPMAnchor(at address: TPMAddress?) throws(CoreError) -> TPMAnchor {
    let known = try tpmAnchor()
    let counter = try counted { mark throws(VaultError) in
      try TPMCounter(of: mark, at: address ?? known?.address)
    }
    if let problem = TPMAnchor.problem(known, counter) { throw mismatch(problem) }
    guard let known else {
      throw .conflict("the log has no anchor in a TPM", hint: "cvmctl audit anchor --tpm")
    }
    return known
  }

  /// The newest one under a signed head: what comes later anybody can have written who can write the file.
  private func tpmAnchor() throws(CoreError) -> TPMAnchor? {
    let store = try store()
    let found = try stored { () throws(StoreError) in
      try store.newestAnchorAttempt(upTo: try store.newestHead()?.size ?? 0)
    }
    return found.flatMap { TPMAnchor($0.entry, isDone: $0.isDone) }
  }

  private func mismatch(_ problem: TPMAnchorProblem) -> CoreError {
    switch problem {
    case .ahead: .store(.corrupt(file: stateDirectory, reason: problem.words))
    case .behind, .otherTPM, .noCounter:
      .refused(problem.words, hint: "if that was meant: cvmctl audit anchor --tpm --replace-lost")
    }
  }

  /// Asks the TPM for the counter of this log.
  private func counted(
    _ body: (_ mark: [UInt8]) throws(VaultError) -> TPMCounter
  ) throws(CoreError) -> TPMCounter {
    let store = try store()
    let mark = try stored { () throws(StoreError) in try store.auditMark() }
    do { return try body(mark ?? []) } catch .tpm(let problem) { throw .tpm(problem) } catch {
      throw .vault(error)
    }
  }
}
