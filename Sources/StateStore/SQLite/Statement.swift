import CSQLite

/// A prepared statement: made in `init`, finalized in `deinit`, reset after every use.
@safe final class Statement {
  private let pointer: OpaquePointer  // sqlite3_stmt
  private unowned let database: Database
  private(set) var isRunning = false

  init(_ sql: String, _ database: Database) throws(StoreError) {
    var fresh: OpaquePointer?
    let code = unsafe sqlite3_prepare_v3(
      database.pointer, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &fresh, nil)
    guard code == SQLITE_OK, let fresh = unsafe fresh else { throw database.error(code) }
    unsafe pointer = fresh
    self.database = database
  }

  deinit { unsafe sqlite3_finalize(pointer) }

  /// Runs it with these values; `row` sees each row and says whether it wants the next.
  func run(_ values: [SQLValue], row: (borrowing Row) throws(StoreError) -> Bool) throws(StoreError) {
    isRunning = true
    defer {
      unsafe sqlite3_reset(pointer)
      unsafe sqlite3_clear_bindings(pointer)  // no value outlives its use
      isRunning = false
    }
    for (index, value) in values.enumerated() { try bind(value, at: Int32(clamping: index + 1)) }
    while true {
      switch unsafe sqlite3_step(pointer) {
      case SQLITE_ROW:
        guard unsafe try row(Row(statement: pointer, file: database.file)) else { return }
      case SQLITE_DONE: return
      case let code: throw database.error(code)
      }
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) throws(StoreError) {
    let code: Int32
    switch value {
    case .null: code = unsafe sqlite3_bind_null(pointer, index)
    case .integer(let value): code = unsafe sqlite3_bind_int64(pointer, index, value)
    case .text(var text):
      code = text.withUTF8 { bytes in
        unsafe bytes.withMemoryRebound(to: CChar.self) {
          unsafe cvm_sqlite_bind_text(pointer, index, $0.baseAddress, UInt64($0.count))
        }
      }
    case .blob(let blob):
      code = unsafe blob.withUnsafeBytes {
        unsafe cvm_sqlite_bind_blob(pointer, index, $0.baseAddress, UInt64($0.count))
      }
    }
    guard code == SQLITE_OK else { throw database.error(code) }
  }
}
