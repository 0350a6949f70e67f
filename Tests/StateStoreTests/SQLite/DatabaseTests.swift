import StateStore
import Testing

@Suite("Database") struct DatabaseTests {
  static let schema = Schema(
    applicationID: 0x1234,
    steps: [
      """
      CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, data BLOB) STRICT;
      CREATE TABLE part (item INTEGER NOT NULL REFERENCES item (id)) STRICT
      """
    ])

  private let scratch = Scratch()

  private func open(
    _ schema: Schema = Self.schema, access: Database.Access = .readWrite, patience: Duration = .seconds(10)
  ) throws(StoreError) -> Database {
    try Database("test.db", in: scratch.directory(), schema: schema, access: access, patience: patience)
  }

  private func names(_ database: Database) throws(StoreError) -> [String] {
    try database.rows("SELECT name FROM item ORDER BY id") { (row) throws(StoreError) in try row.text(0) }
  }

  @Test func `values come back as they went in`() throws {
    let database = try open()
    try database.run("INSERT INTO item VALUES (?, ?, ?)", [.integer(Int64.min), "a\0b'é", .blob([0, 255])])
    try database.run("INSERT INTO item VALUES (?, ?, ?)", [.bits(.max), "", .blob([])])
    try database.run("INSERT INTO item VALUES (?, ?, ?)", [7, "n", .null])
    var seen: [String] = []
    try database.visit("SELECT id, name, data FROM item ORDER BY id") { (row) throws(StoreError) in
      seen.append("\(try row.integer(0)) \(try row.text(1)) \(try row.optionalBlob(2) ?? [9])")
      return true
    }
    #expect(seen == ["\(Int64.min) a\0b'é [0, 255]", "-1  []", "7 n [9]"])
    let bits = try database.first("SELECT id FROM item WHERE id = -1") { (row) throws(StoreError) in
      try row.bits(0)
    }
    #expect(bits == .max)
  }

  @Test func `what is committed is there for the next connection, what failed is not`() throws {
    let database = try open()
    try database.transaction { () throws(StoreError) in
      try database.run("INSERT INTO item VALUES (1, 'a', NULL)")
    }
    let error = failure { () throws(StoreError) in
      try database.transaction { () throws(StoreError) in
        try database.run("INSERT INTO item VALUES (2, 'b', NULL)")
        try database.run("INSERT INTO item VALUES (3, 'a', NULL)")
      }
    }
    #expect(error?.kind == "constraint")
    #expect(try names(open()) == ["a"])
  }

  @Test func `a commit waits for the disk unless asked not to, and the next one does again`() throws {
    let database = try open()
    func level() throws -> Int64? {
      try database.first("PRAGMA synchronous") { (row) throws(StoreError) in try row.integer(0) }
    }
    var levels = [try level()]
    for survives in [false, false, true] {
      try database.transaction(survivesPowerLoss: survives) { () throws(StoreError) in
        try database.run("INSERT INTO item (name) VALUES (?)", [.text("\(levels.count)")])
      }
      levels.append(try level())
    }
    #expect(levels == [2, 1, 1, 2])  // FULL and NORMAL
    #expect(try names(open()).count == 3)
  }

  @Test func `a transaction within a transaction is a mistake`() throws {
    let database = try open()
    let error = failure { () throws(StoreError) in
      try database.transaction { () throws(StoreError) in
        try database.transaction { () throws(StoreError) in }
      }
    }
    #expect(error?.kind == "misuse")
    #expect(!database.isInTransaction)
  }

  @Test func `a snapshot does not see what others commit meanwhile`() throws {
    let (reader, writer) = (try open(), try open())
    try reader.snapshot { () throws(StoreError) in
      #expect(try names(reader) == [])
      try writer.run("INSERT INTO item VALUES (1, 'a', NULL)")
      #expect(try names(reader) == [])
    }
    #expect(try names(reader) == ["a"])
  }

  @Test func `a query may run inside the rows of the same query`() throws {
    let database = try open()
    for name in ["a", "b"] { try database.run("INSERT INTO item (name) VALUES (?)", [.text(name)]) }
    let pairs = try database.rows("SELECT name FROM item ORDER BY id") { (row) throws(StoreError) in
      try row.text(0) + (try names(database)).joined()
    }
    #expect(pairs == ["aab", "bab"])
  }

  @Test func `foreign keys, strict types and double-quoted strings are held to`() throws {
    let database = try open()
    #expect(
      failure { () throws(StoreError) in try database.run("INSERT INTO part VALUES (99)") }?.kind
        == "constraint")
    #expect(
      failure { () throws(StoreError) in try database.run("INSERT INTO item (name) VALUES (?)", [.blob([1])])
      } != nil)
    #expect(
      failure { () throws(StoreError) in try database.run("INSERT INTO item (name) VALUES (\"a\")") } != nil)
    #expect(
      failure { () throws(StoreError) in try database.run("PRAGMA writable_schema=ON; DELETE FROM item") }
        == nil)
    #expect(failure { () throws(StoreError) in try database.run("DELETE FROM sqlite_schema") } != nil)
    #expect(failure { () throws(StoreError) in try database.run("ATTACH 'x.db' AS x") } != nil)
  }

  @Test func `a writer waits for another no longer than it was told`() throws {
    let (holder, waiter) = (try open(), try open(patience: .milliseconds(80)))
    let clock = ContinuousClock()
    let start = clock.now
    holder.holdingWriteLock {
      let error = failure { () throws(StoreError) in try waiter.run("INSERT INTO item (name) VALUES ('a')") }
      #expect(error?.kind == "locked")
    }
    #expect((.milliseconds(75)...(.seconds(5))).contains(clock.now - start))
    try waiter.run("INSERT INTO item (name) VALUES ('a')")
    #expect(try names(holder) == ["a"])
  }

  @Test func `a read-only connection makes nothing and writes nothing`() throws {
    #expect(failure { () throws(StoreError) in try open(access: .readOnly) }?.kind == "absent")
    #expect(!scratch.hasFile("test.db"))
    do {
      let database = try open()
      try database.run("INSERT INTO item (name) VALUES ('a')")
    }
    let reader = try open(access: .readOnly)
    #expect(try names(reader) == ["a"])
    #expect(failure { () throws(StoreError) in try reader.run("DELETE FROM item") }?.kind == "unwritable")
  }

  @Test func `steps are done once, in order, and reported`() throws {
    let longer = Schema(
      applicationID: 0x1234, steps: Self.schema.steps + ["ALTER TABLE item ADD COLUMN note TEXT"])
    do { try open().run("INSERT INTO item (name) VALUES ('a')") }
    var found: [Int] = []
    for _ in 0..<2 {
      let database = try Database(
        "test.db", in: scratch.directory(), schema: longer,
        migrated: { (_, version) throws(StoreError) in found.append(version) })
      #expect(
        try database.rows("SELECT note FROM item") { (row) throws(StoreError) in row.isNull(0) } == [true])
    }
    #expect(found == [1])
  }

  @Test func `a newer format is refused and left alone`() throws {
    do { _ = try open(Schema(applicationID: 0x1234, steps: Self.schema.steps + ["CREATE TABLE x (a) "])) }
    let before = scratch.bytes("test.db")
    #expect(
      failure { () throws(StoreError) in try open() }
        == .newerVersion(file: try! scratch.directory().path(of: "test.db"), found: 2, known: 1))
    #expect(scratch.bytes("test.db") == before)
  }

  @Test func `an older format is not changed by a read-only connection`() throws {
    do { _ = try open() }
    let longer = Schema(applicationID: 0x1234, steps: Self.schema.steps + ["CREATE TABLE x (a)"])
    #expect(failure { () throws(StoreError) in try open(longer, access: .readOnly) }?.kind == "failed")
    #expect(failure { () throws(StoreError) in try open() } == nil)
  }

  @Test func `another program's database is refused`() throws {
    do { _ = try open() }
    let error = failure { () throws(StoreError) in
      try open(Schema(applicationID: 0x9999, steps: ["SELECT 1"]))
    }
    #expect(error?.kind == "corrupt")
  }

  @Test func `a step that fails leaves no half of itself`() throws {
    let broken = Schema(applicationID: 0x1234, steps: ["CREATE TABLE half (a); CREATE TABLE half (a)"])
    #expect(failure { () throws(StoreError) in try open(broken) }?.kind == "failed")
    let database = try open()
    #expect(try names(database) == [])
    #expect(failure { () throws(StoreError) in try database.run("SELECT * FROM half") } != nil)
  }

  @Test func `files are made for this user alone`() throws {
    let database = try open()
    try database.run("INSERT INTO item (name) VALUES ('a')")
    for name in ["test.db", "test.db-wal", "test.db-shm"] { #expect(scratch.mode(name) == 0o600, "\(name)") }
    #expect(scratch.mode("") == 0o700)
  }

  @Test func `what is erased is neither in the file nor in its log after a checkpoint`() throws {
    let database = try open()
    let secret = Array("an erased key 0123456789abcdef".utf8)
    try database.run("INSERT INTO item (id, name, data) VALUES (1, 'a', ?)", [.blob(secret)])
    #expect(scratch.contains(secret))
    try database.run("DELETE FROM item WHERE id = 1")
    try database.checkpoint()
    #expect(!scratch.contains(secret))
  }
}

extension Database {
  /// Runs `body` while this connection holds the write lock.
  func holdingWriteLock(_ body: () -> Void) {
    let result: Void? = try? transaction { () throws(StoreError) in body() }
    #expect(result != nil)
  }
}

extension Scratch {
  func hasFile(_ name: String) -> Bool { mode(name) != nil }

  /// Whether these bytes stand in the database or its log.
  func contains(_ needle: [UInt8]) -> Bool {
    ["test.db", "test.db-wal"].contains { name in
      let bytes = bytes(name)
      return bytes.indices.contains { bytes[$0...].starts(with: needle) }
    }
  }
}
