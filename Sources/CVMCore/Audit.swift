import Bytes
import Documents
import StateStore

extension Core {
  /// The audit record of an act of this tenant. `detail` never holds a secret.
  func record(
    _ act: String, object: String, detail: [(key: String, value: String)] = []
  ) -> AuditRecord {
    AuditRecord(
      time: Timestamp.now(), tenant: tenant, actor: actor, act: act, object: object,
      detail: .object(detail.map { Value.Member($0.key, .string($0.value)) }))
  }

  /// Runs a call of the store, its errors as the core's.
  func stored<Result>(_ body: () throws(StoreError) -> Result) throws(CoreError) -> Result {
    do {
      return try body()
    } catch {
      throw .store(error)
    }
  }

  /// Runs a call of the host, its errors as the core's.
  func hosted<Result>(_ body: (any LaunchBackend) throws(BackendError) -> Result) throws(CoreError) -> Result
  {
    let backend = try backend()
    do {
      return try body(backend)
    } catch {
      throw .backend(error)
    }
  }

  /// An act within the store: its record and its changes are on disk together, or neither is.
  func acted<Result>(
    _ act: String, object: String, detail: [(key: String, value: String)] = [],
    _ body: (borrowing Transaction) throws(CoreError) -> Result
  ) throws(CoreError) -> Result {
    try store().act(record(act, object: object, detail: detail), body)
  }

  /// An act at the host: the attempt is on disk before it is sent, its outcome after. Without a record there is no act. What the
  /// act changes in the store, `keep`, commits together with its outcome.
  func audited<Result>(
    _ act: String, object: String, detail: [(key: String, value: String)] = [],
    _ body: (any LaunchBackend) throws(BackendError) -> Result,
    keep: (borrowing Transaction, Result) throws(StoreError) -> Void = { _, _ in }
  ) throws(CoreError) -> Result {
    let backend = try backend()
    let store = try store()
    let begun = record(act, object: object, detail: detail)
    let attempt = try stored { () throws(StoreError) in try store.attempt(begun) }
    let result: Result
    do {
      result = try body(backend)
    } catch {
      let outcome = if case .outcomeUnknown = error { "unknown" } else { "failed" }
      try stored { () throws(StoreError) in try store.outcome(of: attempt, outcome, at: Timestamp.now()) }
      throw .backend(error)
    }
    try stored { () throws(StoreError) in
      try store.outcome(of: attempt, "ok", at: Timestamp.now()) { (transaction) throws(StoreError) in
        try keep(transaction, result)
      }
    }
    return result
  }
}
