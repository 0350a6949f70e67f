import CSQLite
import Glibc

extension Database {
  /// The error that SQLite's last call on this connection gave.
  func error(_ code: Int32) -> StoreError {
    let reason = unsafe String(cString: sqlite3_errmsg(pointer))
    return StoreError(sqlite: code, reason, file: file, waited: patience.waited)
  }
}

extension StoreError {
  /// SQLite's result codes (https://www.sqlite.org/rescode.html), extended ones included.
  init(sqlite code: Int32, _ reason: String, file: String, waited: Duration) {
    switch code {
    case cvm_sqlite_ioerr_data: self = .corrupt(file: file, reason: "a page does not fit its checksum")
    case cvm_sqlite_ioerr_short_read: self = .corrupt(file: file, reason: "the file is cut short")
    default: self = Self.primary(code & 0xFF, reason, file, waited)
    }
  }

  /// SQLite says of such a file only that it cannot be opened.
  private static func isOnReadOnlyFileSystem(_ file: String) -> Bool {
    unsafe access(file, W_OK) != 0 && errno == EROFS
  }

  private static func primary(
    _ code: Int32, _ reason: String, _ file: String, _ waited: Duration
  ) -> StoreError {
    switch code {
    case SQLITE_BUSY, SQLITE_LOCKED: .locked(path: file, waited: waited)
    case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: .corrupt(file: file, reason: reason)
    case SQLITE_CONSTRAINT: .constraint(file: file, reason: reason)
    case SQLITE_PERM, SQLITE_AUTH: .permission(path: file, reason: reason, remedy: nil)
    case SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR: .unwritable(file: file, reason: reason)
    case SQLITE_CANTOPEN where isOnReadOnlyFileSystem(file):
      .unwritable(file: file, reason: "the file system is read-only")
    case SQLITE_CANTOPEN, SQLITE_NOMEM: .unreachable(path: file, reason: reason)
    default: .failed(file: file, reason: reason)
    }
  }
}
