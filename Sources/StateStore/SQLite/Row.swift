import CSQLite
import Glibc

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
    unsafe String(decoding: try utf8(column), as: UTF8.self)
  }

  /// As `text`, without a new string where the column holds what `last` is: lists repeat themselves.
  package borrowing func text(_ column: Int, reusing last: inout String) throws(StoreError) -> String {
    let bytes = unsafe try utf8(column)
    let isSame = last.withUTF8 { last in
      guard let left = last.baseAddress, let right = bytes.baseAddress else { return false }
      return unsafe last.count == bytes.count && memcmp(left, right, last.count) == 0
    }
    if !isSame { last = unsafe String(decoding: bytes, as: UTF8.self) }
    return last
  }

  /// Strict tables convert nothing: what is not NULL here is the text that was put in.
  private borrowing func utf8(_ column: Int) throws(StoreError) -> UnsafeBufferPointer<UInt8> {
    guard let start = unsafe sqlite3_column_text(statement, Int32(column)) else { throw damage(column) }
    let count = unsafe sqlite3_column_bytes(statement, Int32(column))
    return unsafe UnsafeBufferPointer(start: start, count: Int(count))
  }

  package borrowing func blob(_ column: Int) throws(StoreError) -> [UInt8] {
    try require(column, SQLITE_BLOB)
    let start = unsafe sqlite3_column_blob(statement, Int32(column))
    let count = unsafe sqlite3_column_bytes(statement, Int32(column))
    return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(count)))
  }

  /// Lends a blob's bytes, which the row owns.
  @safe borrowing func withBlob<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    try require(column, SQLITE_BLOB)
    let start = unsafe sqlite3_column_blob(statement, Int32(column))
    let count = unsafe sqlite3_column_bytes(statement, Int32(column))
    return unsafe try body(UnsafeRawBufferPointer(start: start, count: Int(count)))
  }

  /// Lends a text's bytes, which the row owns.
  @safe borrowing func withText<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    unsafe try body(UnsafeRawBufferPointer(try utf8(column)))
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
