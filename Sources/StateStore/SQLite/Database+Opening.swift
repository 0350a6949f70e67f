import CSQLite
import Glibc

extension Database {
  static func open(_ file: String) throws(StoreError) -> OpaquePointer {
    guard let vfs = unsafe cvm_sqlite_checked_vfs() else {
      throw .unreachable(path: file, reason: "SQLite cannot be initialized")
    }
    var fresh: OpaquePointer?
    // Read-only too: a connection that may not write cannot clear away the files beside it that it had to make.
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
    let code = unsafe sqlite3_open_v2(file, &fresh, flags, vfs)
    guard code == SQLITE_OK, let fresh = unsafe fresh else {
      let reason = unsafe String(cString: sqlite3_errmsg(fresh))
      unsafe sqlite3_close_v2(fresh)  // SQLite gives a connection even then
      throw StoreError(sqlite: code, reason, file: file, waited: .zero)
    }
    return unsafe fresh
  }

  func configure(_ access: Access) throws(StoreError) {
    wait(by: patience)
    let options = [
      (SQLITE_DBCONFIG_ENABLE_FKEY, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0), (SQLITE_DBCONFIG_DEFENSIVE, 1),
      (SQLITE_DBCONFIG_DQS_DML, 0), (SQLITE_DBCONFIG_DQS_DDL, 0), (SQLITE_DBCONFIG_ENABLE_TRIGGER, 1),
    ]
    for (option, value) in options {
      let code = unsafe cvm_sqlite_configure(pointer, option, Int32(value))
      guard code == SQLITE_OK else { throw error(code) }
    }
    unsafe sqlite3_limit(pointer, SQLITE_LIMIT_ATTACHED, 0)
    try script("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY")
    if access == .readOnly { try script("PRAGMA query_only=ON") }
  }

  /// Makes the file under another name and gives it its own when it is complete and on disk: a file of that
  /// name that is empty or half made is damage, never a beginning.
  static func create(
    _ name: String, in directory: PrivateDirectory, _ schema: Schema, _ patience: Duration,
    _ migrated: (Database, Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    try directory.exclusively(within: patience) { () throws(StoreError) in
      guard try !directory.holds(name) else { return }
      let draft = name + ".new"
      for suffix in ["", "-wal", "-shm", "-journal"] { directory.remove(draft + suffix) }
      try directory.make(draft)
      try Database(opening: draft, in: directory, access: .readWrite, patience: patience).lay(
        schema, migrated)
      // Closed now, so that SQLite has moved its log into the file.
      guard try !directory.holds(draft + "-wal") else {
        throw .unwritable(file: directory.path(of: draft), reason: "its log could not be moved into it")
      }
      directory.remove(draft + "-shm")  // SQLite does not mind if it could not
      try directory.rename(draft, to: name)
    }
  }

  /// Brings an older file up to date.
  func migrate(
    to schema: Schema, access: Access, _ migrated: (Database, Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    guard try version(schema) != schema.version else { return }
    guard access == .readWrite else {
      throw .failed(file: file, reason: "an older format, which a read-only command cannot bring up to date")
    }
    try transaction { () throws(StoreError) in
      let found = try version(schema)
      guard found < schema.version else { return }  // another process was first
      try apply(schema, from: found, migrated)
    }
  }

  /// The version of a file that is ours.
  private func version(_ schema: Schema) throws(StoreError) -> Int {
    let version = try first("PRAGMA user_version") { (row) throws(StoreError) in try row.int(0) } ?? 0
    let id = try first("PRAGMA application_id") { (row) throws(StoreError) in try row.integer(0) } ?? 0
    guard id == schema.applicationID, version > 0 else {
      throw .corrupt(file: file, reason: "not a file of this kind")
    }
    guard version <= schema.version else {
      throw .newerVersion(file: file, found: version, known: schema.version)
    }
    return version
  }

  private func apply(
    _ schema: Schema, from version: Int, _ migrated: (Database, Int) throws(StoreError) -> Void
  ) throws(StoreError) {
    for step in schema.steps[version...] { try script(step) }
    try script("PRAGMA application_id=\(schema.applicationID); PRAGMA user_version=\(schema.version)")
    try migrated(self, version)
  }

  /// Fills an empty file, beginning with what can only be chosen before the first page is written.
  private func lay(_ schema: Schema, _ migrated: (Database, Int) throws(StoreError) -> Void)
    throws(StoreError)
  {
    var reserved = CVM_SQLITE_RESERVED
    let code = unsafe sqlite3_file_control(pointer, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved)
    guard code == SQLITE_OK else { throw error(code) }
    try script("PRAGMA page_size=\(CVM_SQLITE_PAGE)")
    let mode = try first("PRAGMA journal_mode=WAL") { (row) throws(StoreError) in try row.text(0) }
    guard mode == "wal" else {
      throw .failed(file: file, reason: "the file system has no shared memory for SQLite's log")
    }
    try transaction { () throws(StoreError) in try apply(schema, from: 0, migrated) }
  }
}
