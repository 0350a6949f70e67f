import CVMCore
import StateStore

/// The domains of a simulated host, in `host.db`. Threads wait for each other: all work on the file stands inside `change`, `run`,
/// `read` and `ask`.
final class DomainTable: @unchecked Sendable {
  let database: Database
  private let lock = RecursiveLock()

  /// Opens the host's table. Throws `.corrupt` where it is missing.
  init(directory: String, timeout: Int) throws(BackendError) {
    let folder = try stored { () throws(StoreError) in try PrivateDirectory(directory, create: false) }
    guard try stored({ () throws(StoreError) in try folder.holds(HostFolder.database) }) else {
      throw .corrupt(file: folder.path(of: HostFolder.database), reason: "missing")
    }
    database = try Self.open(folder, .seconds(max(1, timeout)))
  }

  static func create(directory: String) throws(BackendError) {
    let folder = try stored { () throws(StoreError) in try PrivateDirectory(directory, create: false) }
    let table = try open(folder, .seconds(30))
    try stored { () throws(StoreError) in try table.checkpoint() }
  }

  private static func open(_ folder: PrivateDirectory, _ patience: Duration) throws(BackendError) -> Database
  {
    try stored { () throws(StoreError) in
      try Database(HostFolder.database, in: folder, schema: schema, patience: patience)
    }
  }

  /// A listing reads one index and never touches documents.
  private static let schema = Schema(
    applicationID: 0x43_56_53_48,  // "CVSH"
    steps: [
      """
      CREATE TABLE domain (
        uuid TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, id INTEGER UNIQUE, state TEXT NOT NULL, reason TEXT,
        persistent INTEGER NOT NULL, vcpus INTEGER NOT NULL, memory INTEGER NOT NULL,
        max_memory INTEGER NOT NULL, os_type TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX listing ON domain (name, uuid, id, state, reason);
      CREATE TABLE document (
        uuid TEXT PRIMARY KEY REFERENCES domain (uuid) ON DELETE CASCADE, stored TEXT, live TEXT
      ) STRICT;
      CREATE TABLE launch (
        uuid TEXT PRIMARY KEY REFERENCES domain (uuid) ON DELETE CASCADE, handle INTEGER NOT NULL,
        context BLOB NOT NULL UNIQUE, policy INTEGER NOT NULL, measurement BLOB NOT NULL,
        api_major INTEGER NOT NULL, api_minor INTEGER NOT NULL, build INTEGER NOT NULL,
        memory_size INTEGER NOT NULL, secret_base INTEGER, secret_size INTEGER
      ) STRICT;
      CREATE TABLE mapping (
        uuid TEXT NOT NULL REFERENCES launch (uuid) ON DELETE CASCADE, address INTEGER NOT NULL,
        size INTEGER NOT NULL, kind TEXT NOT NULL
      ) STRICT;
      CREATE INDEX mapping_of_guest ON mapping (uuid);
      CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
      INSERT INTO counter VALUES ('id', 0);
      """
    ])

  /// Runs `body` as one transaction that alone may write.
  @discardableResult
  func change<R>(_ body: () throws(DomainFailure) -> R) throws(BackendError) -> R {
    try change(survivesPowerLoss: true, body)
  }

  /// The same for what guests do: a host that loses its power has no guests any more, and none that needs to be known.
  @discardableResult
  func run<R>(_ body: () throws(DomainFailure) -> R) throws(BackendError) -> R {
    try change(survivesPowerLoss: false, body)
  }

  private func change<R>(
    survivesPowerLoss: Bool, _ body: () throws(DomainFailure) -> R
  ) throws(BackendError) -> R {
    try lock.holding { () throws(BackendError) in
      do throws(DomainFailure) {
        return try database.transaction(survivesPowerLoss: survivesPowerLoss, body)
      } catch {
        throw error.error
      }
    }
  }

  /// Runs `body` against one state of the table.
  func read<R>(_ body: () throws(DomainFailure) -> R) throws(BackendError) -> R {
    try lock.holding { () throws(BackendError) in
      do throws(DomainFailure) { return try database.snapshot(body) } catch { throw error.error }
    }
  }
}

extension DomainTable {
  /// Asks one question, which needs no state to stand still.
  func ask<R>(_ question: () throws(StoreError) -> R) throws(BackendError) -> R {
    try lock.holding { () throws(BackendError) in try stored(question) }
  }
}

/// Lets the calls of `Database` be used inside `change` and `read`.
func sql<R>(_ body: () throws(StoreError) -> R) throws(DomainFailure) -> R {
  do { return try body() } catch { throw DomainFailure(error) }
}

/// Throws a backend's error inside `change` and `read`.
func check(_ condition: Bool, else error: BackendError) throws(DomainFailure) {
  guard condition else { throw DomainFailure(error) }
}
