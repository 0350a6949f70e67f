/// Who can read the store: the store itself, and a transaction, which sees its own changes.
package protocol StateReading: ~Copyable {
  /// Lends the connection to one of the reads that this module declares.
  borrowing func read<R>(_ body: (StoreReader) throws(StoreError) -> R) throws(StoreError) -> R
}

/// The connection for reads. Nothing of it can be used outside of this module, so that nobody can send a
/// statement past the audit log.
package struct StoreReader {
  let database: Database

  func rows<T>(
    _ sql: String, _ values: [SQLValue] = [], _ read: (borrowing Row) throws(StoreError) -> T
  ) throws(StoreError) -> [T] {
    try database.rows(sql, values, read)
  }

  func first<T>(
    _ sql: String, _ values: [SQLValue] = [], _ read: (borrowing Row) throws(StoreError) -> T
  ) throws(StoreError) -> T? {
    try database.first(sql, values, read)
  }
}
