package import Bytes
package import Documents
import Glibc

/// What cvmctl remembers, in `state.db` of the state directory. Rows belong to tenants: a row of another
/// tenant reads as absent.
///
/// Nothing is changed without an audit record. An act within the store is `act`: its record and its changes
/// are one transaction. An act outside (libvirt, a key server) is an `attempt`, on disk before the act
/// begins, and later its `outcome`; an attempt without outcome was interrupted. `Transaction`, which alone
/// can change rows, exists only inside these calls.
///
/// One connection; calls from several threads wait for each other.
package final class StateStore: StateReading, @unchecked Sendable {
  package static let fileName = "state.db"
  /// The tenant that is there from the start.
  package static let defaultTenant = "default"

  package let directory: PrivateDirectory
  private let database: Database
  private let lock = RecursiveLock()
  /// Guarded by `lock`.
  private var signer = HeadSigner.none

  /// Opens or makes the store in a directory; `now` dates the record of its making.
  package init(
    in directory: PrivateDirectory, access: Database.Access = .readWrite, patience: Duration = .seconds(10),
    at now: Timestamp
  ) throws(StoreError) {
    self.directory = directory
    database = try Database(
      Self.fileName, in: directory, schema: .state, access: access, patience: patience
    ) { (database, found) throws(StoreError) in try Self.migrated(database, from: found, at: now) }
  }

  /// As above, for the directory at a path, which `readWrite` makes as well.
  package convenience init(
    path: String, access: Database.Access = .readWrite, patience: Duration = .seconds(10), at now: Timestamp
  ) throws(StoreError) {
    try self.init(
      in: PrivateDirectory(path, create: access == .readWrite), access: access, patience: patience, at: now)
  }

  /// The file's path, for messages.
  package var file: String { database.file }

  package func read<R>(_ body: (StoreReader) throws(StoreError) -> R) throws(StoreError) -> R {
    try lock.holding { () throws(StoreError) in try body(StoreReader(database: database)) }
  }

  private static func migrated(
    _ database: Database, from version: Int, at now: Timestamp
  ) throws(StoreError) {
    let isNew = version == 0
    let record = AuditRecord(
      time: now, tenant: "", actor: "uid:\(geteuid())", act: isNew ? "state.create" : "state.migrate",
      object: fileName, detail: ["from": Value(version), "to": Value(Schema.state.version)])
    try AuditLog.append(record, .act, to: database)
    guard isNew else { return }
    try database.run(
      "INSERT INTO tenant (name, state, created_at) VALUES (?, 'active', ?)",
      [.text(defaultTenant), .integer(now.microseconds)])
  }
}

extension StateStore {
  /// Changes rows of the record's tenant and records it: both are on disk afterwards, or neither. A body that
  /// throws leaves no change, and a record with the outcome `failed`.
  @discardableResult
  package func act<R, E: StoreFailure>(
    _ record: AuditRecord, _ body: (borrowing Transaction) throws(E) -> R
  ) throws(E) -> R {
    try lock.holding { () throws(E) in
      var hasBegun = false
      do throws(E) {
        return try recorded(record, .act) { (transaction, _) throws(E) in
          hasBegun = true
          return try body(transaction)
        }
      } catch {
        // Nothing was done, so the caller's error stands even where this second record cannot be made.
        if hasBegun { _ = try? recorded(record, .failedAct) { (_, _) throws(StoreError) in } }
        throw error
      }
    }
  }

  /// Records, before the act, that it is about to be tried; `body` may change rows with it.
  package func attempt<E: StoreFailure>(
    _ record: AuditRecord, _ body: (borrowing Transaction) throws(E) -> Void
  ) throws(E) -> Attempt {
    try lock.holding { () throws(E) in
      try recorded(record, .attempt) { (transaction, sequence) throws(E) in
        try body(transaction)
        return Attempt(sequence: sequence, record: record)
      }
    }
  }

  package func attempt(_ record: AuditRecord) throws(StoreError) -> Attempt {
    try attempt(record) { (_) throws(StoreError) in }
  }

  /// Records how an attempt went; `body` may change rows with it. An attempt has one outcome.
  @discardableResult
  package func outcome<R, E: StoreFailure>(
    of attempt: Attempt, _ outcome: String, at time: Timestamp, detail: Value = [:],
    _ body: (borrowing Transaction) throws(E) -> R
  ) throws(E) -> R {
    var record = attempt.record
    record.time = time
    record.detail = detail
    return try lock.holding { () throws(E) in
      try recorded(record, .outcome(outcome, of: attempt.sequence)) { (transaction, _) throws(E) in
        try body(transaction)
      }
    }
  }

  package func outcome(
    of attempt: Attempt, _ outcome: String, at time: Timestamp, detail: Value = [:]
  ) throws(StoreError) {
    try self.outcome(of: attempt, outcome, at: time, detail: detail) { (_) throws(StoreError) in }
  }

  /// Empties the write-ahead log: what was erased is then in no file. `.locked` while others read.
  package func checkpoint() throws(StoreError) {
    try lock.holding { () throws(StoreError) in try database.checkpoint() }
  }

  /// Writes the file anew and empties the write-ahead log: not one byte of what was erased is left in either.
  /// `.locked` while others read.
  package func purge() throws(StoreError) {
    try lock.holding { () throws(StoreError) in try database.purge() }
  }

  /// A copy of one moment, whatever others write meanwhile. Not within an act.
  package func copy() throws(StoreError) -> StateCopy {
    try lock.holding { () throws(StoreError) in try StateCopy(of: database) }
  }

  private func recorded<R, E: StoreFailure>(
    _ record: AuditRecord, _ phase: AuditLog.Phase, _ body: (borrowing Transaction, Int64) throws(E) -> R
  ) throws(E) -> R {
    try database.transaction { () throws(E) in
      let sequence: Int64
      do throws(StoreError) { sequence = try AuditLog.append(record, phase, to: database) } catch {
        throw E(error)
      }
      let result = try body(
        Transaction(database: database, tenant: record.tenant, time: record.time), sequence)
      do throws(StoreError) { try signIfDue(at: record.time) } catch { throw E(error) }
      return result
    }
  }
}

extension StateStore {
  /// Where the key comes from that signs heads on the way: asked once, when the first head is due; nil where it cannot
  /// be had without asking anybody. Records are made without it too, and signed when it is there again.
  package func signHeads(by source: @escaping @Sendable (StateStore) -> AuditSigner?) {
    lock.holding { signer = .source(source) }
  }

  /// Records an act and signs the log up to its record.
  package func signedHead(_ record: AuditRecord, by signer: AuditSigner) throws(StoreError) -> Checkpoint {
    try signedHead(record, by: signer) { (_) throws(StoreError) in }
  }

  /// As above, and then changes rows with it.
  package func signedHead<E: StoreFailure>(
    _ record: AuditRecord, by signer: AuditSigner, _ body: (borrowing Transaction) throws(E) -> Void
  ) throws(E) -> Checkpoint {
    try lock.holding { () throws(E) in
      try database.transaction { () throws(E) in
        let head: Checkpoint
        do throws(StoreError) {
          try AuditLog.append(record, .act, to: database)
          head = try AuditHeads(database: database).make(by: signer, at: record.time)
        } catch { throw E(error) }
        try body(Transaction(database: database, tenant: record.tenant, time: record.time))
        return head
      }
    }
  }

  /// As `signedHead`, for an act outside of the store that is about to begin.
  package func signedAttempt(
    _ record: AuditRecord, by signer: AuditSigner
  ) throws(StoreError) -> (attempt: Attempt, head: Checkpoint) {
    try lock.holding { () throws(StoreError) in
      try database.transaction { () throws(StoreError) in
        let sequence = try AuditLog.append(record, .attempt, to: database)
        let head = try AuditHeads(database: database).make(by: signer, at: record.time)
        return (Attempt(sequence: sequence, record: record), head)
      }
    }
  }

  private func signIfDue(at now: Timestamp) throws(StoreError) {
    if case .none = signer { return }
    let heads = AuditHeads(database: database)
    guard try heads.isDue(at: now) else { return }
    if case .source(let source) = signer {
      signer = .none  // opening the key may record an act of its own
      signer = source(self).map(HeadSigner.key) ?? .none
    }
    guard case .key(let key) = signer else { return }
    do throws(StoreError) {
      _ = try heads.make(by: key, at: now)
    } catch .corrupt {
      // Nothing is signed over damage, which `audit verify` names; the act and its record stand.
    } catch .conflict {
      // Another process has put another key in this one's place: it signs from here on.
    }
  }
}

/// How a store gets at the key for its heads.
private enum HeadSigner {
  case none
  case source(@Sendable (StateStore) -> AuditSigner?)
  case key(AuditSigner)
}

/// An act outside of the store that is under way.
package struct Attempt: Sendable {
  package let sequence: Int64
  package let record: AuditRecord
}
