import CSQLite

/// A row of a query, valid while its statement stands on it. A column of another type than asked for is
/// damage: strict tables hold what their schema says.
@safe package struct Row: ~Copyable {
  let statement: OpaquePointer  // sqlite3_stmt
  let file: String

  package borrowing func integer(_ column: Int) throws(StoreError) -> Int64 {
    try require(column, SQLITE_INTEGER)
    return unsafe sqlite3_column_int64(statement, Int32(column))
  }

  package borrowing func int(_ column: Int) throws(StoreError) -> Int {
    guard let value = Int(exactly: try integer(column)) else { throw damage(column) }
    return value
  }

  package borrowing func bool(_ column: Int) throws(StoreError) -> Bool { try integer(column) != 0 }

  package borrowing func bits(_ column: Int) throws(StoreError) -> UInt64 {
    UInt64(bitPattern: try integer(column))
  }

  package borrowing func text(_ column: Int) throws(StoreError) -> String {
    try require(column, SQLITE_TEXT)
    let start = unsafe sqlite3_column_text(statement, Int32(column))
    let count = unsafe sqlite3_column_bytes(statement, Int32(column))
    return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
  }

  package borrowing func blob(_ column: Int) throws(StoreError) -> [UInt8] {
    try require(column, SQLITE_BLOB)
    let start = unsafe sqlite3_column_blob(statement, Int32(column))
    let count = unsafe sqlite3_column_bytes(statement, Int32(column))
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(count)))
  }

  package borrowing func isNull(_ column: Int) -> Bool { type(column) == SQLITE_NULL }

  package borrowing func optionalInteger(_ column: Int) throws(StoreError) -> Int64? {
    isNull(column) ? nil : try integer(column)
  }

  package borrowing func optionalText(_ column: Int) throws(StoreError) -> String? {
    isNull(column) ? nil : try text(column)
  }

  package borrowing func optionalBlob(_ column: Int) throws(StoreError) -> [UInt8]? {
    isNull(column) ? nil : try blob(column)
  }

  private borrowing func type(_ column: Int) -> Int32 { unsafe sqlite3_column_type(statement, Int32(column)) }

  private borrowing func require(_ column: Int, _ type: Int32) throws(StoreError) {
    guard self.type(column) == type else { throw damage(column) }
  }

  package borrowing func damage(_ column: Int) -> StoreError {
    let name = unsafe sqlite3_column_name(statement, Int32(column)).map { unsafe String(cString: $0) }
    return .corrupt(file: file, reason: "column \(name ?? String(column)) holds what it cannot hold")
  }
}
