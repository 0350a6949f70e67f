/// A consistent copy of the store beside it: one file, in which nothing is left of what was erased.
package struct StateCopy: Sendable {
  /// Of the file, and how those begin that SQLite puts beside it.
  package static let name = "backup.db"

  private let directory: PrivateDirectory
  /// Records of the audit log.
  package let records: Int64

  package var path: String { directory.path(of: Self.name) }

  package func remove() { Self.remove(in: directory) }

  /// Callers have no transaction. What a killed copy has left makes way.
  init(of database: Database) throws(StoreError) {
    directory = database.directory
    Self.remove(in: directory)
    do {
      try directory.make(Self.name)
      try database.copy(to: directory.path(of: Self.name))
      let copy = try Database(
        opening: Self.name, in: directory, access: .readWrite, patience: database.patience.limit)
      try copy.run("PRAGMA journal_mode=WAL")
      records =
        try copy.first("SELECT coalesce(max(seq), 0) FROM audit") { (row) throws(StoreError) in
          try row.integer(0)
        } ?? 0
    } catch {
      Self.remove(in: directory)
      throw error
    }
  }

  private static func remove(in directory: PrivateDirectory) {
    for suffix in ["", "-wal", "-shm", "-journal"] { directory.remove(name + suffix) }
  }
}
