import CSQLite
import Glibc

/// One connection to one SQLite file in a private directory, for one thread at a time. Statements are
/// prepared once and kept. Commits are on disk when they return (write-ahead log, `synchronous=FULL`) unless asked
/// otherwise; every page has a checksum, so that a damaged file is an error, not another answer.
@safe package final class Database {
  package enum Access: Sendable {
    /// Makes the file if there is none and brings it to the schema's version.
    case readWrite
    /// Changes nothing; without a file the store is `.absent`.
    case readOnly
  }

  /// The file's path.
  package let file: String
  let pointer: OpaquePointer  // sqlite3
  let directory: PrivateDirectory
  let patience: Patience
  private var statements: [String: Statement] = [:]
  private var survivesPowerLoss = true

  /// Opens `name` in `directory`. Waits at most `patience` for other processes, here and in every later call.
  /// `migrated` runs in the transaction that made or changed the schema, with the version found (0: none).
  package convenience init(
    _ name: String, in directory: PrivateDirectory, schema: Schema, access: Access = .readWrite,
    patience: Duration = .seconds(10),
    migrated: (Database, Int) throws(StoreError) -> Void = { (_, _) throws(StoreError) in }
  ) throws(StoreError) {
    if try !directory.holds(name) {
      guard access == .readWrite else { throw .absent(path: directory.path(of: name)) }
      try Self.create(name, in: directory, schema, patience, migrated)
    }
    try self.init(opening: name, in: directory, access: access, patience: patience)
    try migrate(to: schema, access: access, migrated)
  }

  /// Opens a file that is there, whatever it holds.
  init(
    opening name: String, in directory: PrivateDirectory, access: Access, patience: Duration
  ) throws(StoreError) {
    self.directory = directory
    file = directory.path(of: name)
    self.patience = Patience(patience)
    for suffix in ["-wal", "-shm", "-journal"] { _ = try directory.holds(name + suffix) }
    // Looked at first: opening makes the log.
    let hasLog = directory.size(of: name + "-wal") > 0
    // SQLite would not see it before it reads that page. With a log the page may be in there.
    guard hasLog || directory.size(of: name) % Int(CVM_SQLITE_PAGE) == 0 else {
      throw .corrupt(file: file, reason: "its last page is cut")
    }
    unsafe pointer = try Self.open(file)
    // From here on `deinit` closes the connection.
    guard directory.isSame(name) else {
      throw .permission(path: file, reason: "changed while it was opened", remedy: nil)
    }
    try configure(access)
    // Whoever only reads does not move what is in the log into the file.
    if hasLog, access == .readOnly {
      unsafe cvm_sqlite_configure(pointer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    }
  }

  deinit {
    statements.removeAll()
    unsafe sqlite3_close_v2(pointer)
  }

  /// The statement for this SQL, kept for the next time; another one while that is in use.
  private func statement(_ sql: String) throws(StoreError) -> Statement {
    if let kept = statements[sql] { return kept.isRunning ? try Statement(sql, self) : kept }
    let fresh = try Statement(sql, self)
    statements[sql] = fresh
    return fresh
  }
}

extension Database {
  /// Runs a statement that gives no rows; says how many rows it changed.
  @discardableResult
  package func run(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> Int {
    try statement(sql).run(values) { (_) throws(StoreError) in true }
    return unsafe Int(sqlite3_changes64(pointer))
  }

  /// Every row of a query, as `read` makes it.
  package func rows<T>(
    _ sql: String, _ values: [SQLValue] = [], _ read: (borrowing Row) throws(StoreError) -> T
  ) throws(StoreError) -> [T] {
    var found: [T] = []
    try statement(sql).run(values) { (row) throws(StoreError) in
      found.append(try read(row))
      return true
    }
    return found
  }

  /// The first row of a query, nil without rows.
  package func first<T>(
    _ sql: String, _ values: [SQLValue] = [], _ read: (borrowing Row) throws(StoreError) -> T
  ) throws(StoreError) -> T? {
    var found: T?
    try statement(sql).run(values) { (row) throws(StoreError) in
      found = try read(row)
      return false
    }
    return found
  }

  /// Sees every row of a query without keeping them; ends when `visit` says false.
  package func visit(
    _ sql: String, _ values: [SQLValue] = [], _ visit: (borrowing Row) throws(StoreError) -> Bool
  ) throws(StoreError) {
    try statement(sql).run(values, row: visit)
  }

  /// Runs a script of several statements, none with values.
  package func script(_ sql: String) throws(StoreError) {
    let code = unsafe sqlite3_exec(pointer, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// Runs `body` as one transaction that alone may write: all of it is on disk afterwards, or nothing. One that need not
  /// survive a power loss is whole or absent after it, as are all that follow it until one that does.
  @discardableResult
  package func transaction<R, E: StoreFailure>(
    survivesPowerLoss: Bool = true, _ body: () throws(E) -> R
  ) throws(E) -> R {
    if survivesPowerLoss != self.survivesPowerLoss {
      do { try run("PRAGMA synchronous=\(survivesPowerLoss ? "FULL" : "NORMAL")") } catch { throw E(error) }
      self.survivesPowerLoss = survivesPowerLoss
    }
    return try within("BEGIN IMMEDIATE", body)
  }

  /// Runs `body` against one state of the file, whatever others write meanwhile.
  package func snapshot<R, E: StoreFailure>(_ body: () throws(E) -> R) throws(E) -> R {
    isInTransaction ? try body() : try within("BEGIN", body)
  }

  package var isInTransaction: Bool { unsafe sqlite3_get_autocommit(pointer) == 0 }

  /// Moves everything from the write-ahead log into the file and empties the log: with `secure_delete` on,
  /// what was erased is then in neither. Throws `.locked` while others read.
  package func checkpoint() throws(StoreError) {
    let code = unsafe sqlite3_wal_checkpoint_v2(pointer, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// Writes the whole file anew and empties the log: `secure_delete` erases a row, but a page that was split
  /// or merged may keep bytes of rows that moved to another. Throws `.locked` while others read.
  package func purge() throws(StoreError) {
    // VACUUM attaches the new file while it writes it.
    let limit = unsafe sqlite3_limit(pointer, SQLITE_LIMIT_ATTACHED, 1)
    defer { unsafe sqlite3_limit(pointer, SQLITE_LIMIT_ATTACHED, limit) }
    try run("VACUUM")
    try checkpoint()
  }

  /// Writes all that is there into an empty file, without what was erased.
  func copy(to path: String) throws(StoreError) {
    let limit = unsafe sqlite3_limit(pointer, SQLITE_LIMIT_ATTACHED, 1)
    defer { unsafe sqlite3_limit(pointer, SQLITE_LIMIT_ATTACHED, limit) }
    try run("VACUUM INTO ?", [.text(path)])
  }

  private func within<R, E: StoreFailure>(_ begin: String, _ body: () throws(E) -> R) throws(E) -> R {
    guard !isInTransaction else { throw E(.misuse(reason: "a transaction within a transaction")) }
    do { try run(begin) } catch { throw E(error) }
    let result: R
    do { result = try body() } catch {
      rollBack()
      throw error
    }
    do { try run("COMMIT") } catch {
      rollBack()
      throw E(error)
    }
    return result
  }

  /// After some errors SQLite has rolled back already.
  private func rollBack() { if isInTransaction { _ = try? run("ROLLBACK") } }
}
