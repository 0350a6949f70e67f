import Bytes
import CSQLite
import CVMCrypto
import Foundation
import StateStore
import TestHarness
import Testing

@testable import Vault

/// States as every version of the schema had them, with keys in them: the next command brings them up to date, and all of it
/// works on.
@Suite("states of earlier versions") struct MigrationTests {
  private let sandbox: Sandbox
  private let secret = Data((0..<32).map { _ in UInt8.random(in: 0...255) })

  init() throws {
    sandbox = try Sandbox()
    try sandbox.directory.write(secret, to: "secret", mode: 0o600)
  }

  @Test(arguments: 1..<Schema.state.version) func `are brought up to date, with all that is in them`(
    _ version: Int
  ) throws {
    let before = try filled(version)
    try older(version)
    // Whatever comes first.
    try sandbox.succeed("policy", "list")
    try expectRecorded(version)
    try expectKeys(before, version)
    try expectTenants(version)
    try expectLog(version)
    try expectGoingOn(version)
    #expect(try sandbox.succeed("state", "check", "-o", "json").stdout.contains("\"bad\"") == false)
  }

  @Test func `of later versions are refused, and left as they are`() throws {
    try sandbox.succeed("key", "create", "disk")
    try RawDatabase(sandbox.state + "/state.db").run("PRAGMA user_version = \(Schema.state.version + 1)")
    let before = try sandbox.snapshot()["state.db"]
    for words in [["policy", "list"], ["key", "create", "a"], ["audit", "verify"], ["state", "check"]] {
      let outcome = try sandbox.cvmctl.run(words)
      expect(outcome, is: .unsupported)
      #expect(outcome.stderr.contains("newer"), "\(outcome)")
    }
    #expect(try sandbox.snapshot()["state.db"] == before)
  }

  // MARK: Then

  /// Fills the state with what a version had. Returns what of its keys must come out the same.
  private func filled(_ version: Int) throws -> [String: String] {
    let guest = GuestText("web1", firmware: try sandbox.firmware())
    try sandbox.succeed("policy", "create", "own", "0x3", "--type", "sev")
    try sandbox.succeed("tenant", "create", "acme")
    try sandbox.define(guest)
    try sandbox.succeed("start", "web1", "--secret", "luks-key=@" + sandbox.file("secret"))
    try sandbox.succeed("destroy", "web1")
    var before: [String: String] = [:]
    if version >= 2 {
      for tenant in ["default", "acme"] {
        try sandbox.succeed(
          "-t", tenant, "key", "import", "disk", sandbox.file("secret"), "--purpose", "disk")
      }
      try sandbox.succeed("key", "create", "made", "--rotate-after", "90d")
      try sandbox.succeed("key", "rotate", "made")
      try sandbox.succeed(
        "key", "wrap", "made", "--in", sandbox.file("secret"), "--out", sandbox.file("wrapped"))
      try sandbox.succeed("start", "web1", "--secret", "luks-key=key:disk")
      try sandbox.succeed("destroy", "web1")
    }
    if version >= 3 {
      try sandbox.succeed("tenant", "label", "acme", "tier=web")
      try sandbox.succeed("tenant", "token", "create", "acme", "--out", sandbox.file("token"))
    }
    if version >= 4 {
      try sandbox.succeed("audit", "anchor", "--out", sandbox.file("head"))
      before["log"] = try sandbox.succeed("audit", "key").stdout
    }
    if version >= 5 { try sandbox.succeed("-t", "acme", "key", "migrate", "--to", "x-wing") }
    if version >= 6 { try sandbox.succeed("vault", "rekey", "--new-root", "--seal", "file") }
    if version >= 7 {
      for algorithm in ["ed25519", "p384", "hybrid"] {
        try sandbox.succeed("key", "create", algorithm, "--algorithm", algorithm)
        before[algorithm] = try published(algorithm)
      }
      try sandbox.succeed("key", "create", "later", "--active-from", "2040-01-01T00:00:00Z")
      try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("owner"))
      try sandbox.succeed(
        "-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("kept")
      )
    }
    return before
  }

  /// Puts the same rows into a file that has this version's tables.
  private func older(_ version: Int) throws {
    let oldKey = version == 4 ? try onlyEd25519() : nil
    let directory = sandbox.file("old")
    let schema = Schema(
      applicationID: Schema.state.applicationID, steps: Array(Schema.state.steps.prefix(version)))
    do {
      _ = try Database(StateStore.fileName, in: PrivateDirectory(directory, create: true), schema: schema)
    }
    do {
      let old = try RawDatabase(directory + "/state.db")
      try old.run("ATTACH '\(sandbox.state)/state.db' AS new")
      let tables = try old.texts(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      for table in tables {
        let columns = try old.texts("SELECT name FROM pragma_table_info('\(table)')").joined(separator: ", ")
        let order = table == "audit" ? "ORDER BY seq" : ""
        try old.run("INSERT INTO main.\(table) (\(columns)) SELECT \(columns) FROM new.\(table) \(order)")
      }
      if let oldKey { try old.run("UPDATE main.audit_key SET envelope = x'\(Hex.encode(oldKey))'") }
      // Without named keys there is only what wraps.
      if version == 1 { try old.run("DELETE FROM main.wrapped_key WHERE object <> 'kek'") }
    }
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: sandbox.state + "/state.db" + suffix)
    }
    try FileManager.default.moveItem(atPath: directory + "/state.db", toPath: sandbox.state + "/state.db")
  }

  /// The envelope of the log's key as it was before there was a second one.
  private func onlyEd25519() throws -> [UInt8] {
    let now = try #require(Timestamp("2026-11-25T00:00:00Z"))
    let store = try StateStore(path: sandbox.state, at: now)
    let vault = try Vault(store: store, actor: "uid:0")
    let row = try #require(try store.auditKeys().last)
    let seeds = try vault.unwrapUnderRoot(row.envelope, for: Vault.auditContext(row.version))
    let seed = try #require(seeds.slice(0..<Ed25519.keySize))
    return try vault.wrapUnderRoot(seed, for: Vault.auditContext(row.version))
  }

  // MARK: Now

  private func expectRecorded(_ version: Int) throws {
    let migrations = try sandbox.list("audit", "list", "--all-tenants", "--act", "state.migrate")
    #expect(migrations.count == 1)
    let detail = migrations.first?.object("detail")
    #expect(detail?.string("from") == String(version) && detail?.string("to") == String(Schema.state.version))
  }

  private func expectKeys(_ before: [String: String], _ version: Int) throws {
    guard version >= 2 else {
      #expect(try sandbox.list("key", "list").isEmpty)
      return
    }
    #expect(try exported("disk") == secret && exported("disk", of: "acme") == secret)
    let wrapping = version >= 5 ? "x-wing" : "aes-256-gcm"
    #expect(try sandbox.succeed("-t", "acme", "key", "list", "-o", "wide").stdout.contains(wrapping))
    try sandbox.succeed(
      "key", "unwrap", "made", "--in", sandbox.file("wrapped"), "--out", sandbox.file("unwrapped"))
    #expect(try contents("unwrapped") == secret)
    let shown = try sandbox.object("key", "show", "disk")
    #expect(shown.list("launches")?.count == 1 || shown.list("uses")?.count == 1, "\(shown)")
    for algorithm in ["ed25519", "p384", "hybrid"] where version >= 7 {
      #expect(try published(algorithm) == before[algorithm])
    }
    if version >= 7 {
      #expect(try sandbox.succeed("key", "list").stdout.contains("pre-active"))
      #expect(try sandbox.object("-t", "acme", "tenant", "show", "acme").list("escrow")?.count == 1)
    }
    guard let log = before["log"] else { return }
    let keys = log.split(separator: "\n").prefix(version == 4 ? 1 : 2).joined(separator: "\n")
    let verify = ["audit", "verify", "--key", keys, "--anchor", sandbox.file("head")]
    #expect(try sandbox.cvmctl.run(verify).status == 0)
    try sandbox.succeed("audit", "rekey")
    #expect(try sandbox.cvmctl.run(verify).status == 0)
    #expect(try sandbox.list("audit", "key").count == 2)
  }

  private func expectTenants(_ version: Int) throws {
    #expect(try sandbox.object("tenant", "show", "acme").string("state") == "active")
    if version < 3 { try sandbox.succeed("tenant", "label", "acme", "tier=web") }
    #expect(try sandbox.succeed("tenant", "show", "acme").stdout.contains("tier=web"))
    guard version >= 3 else { return }
    var holder = sandbox.cvmctl
    holder.environment["CVMCTL_TOKEN_FILE"] = sandbox.file("token")
    #expect(try holder.succeed("tenant", "list", "-o", "name").stdout == "acme\n")
  }

  private func expectLog(_ version: Int) throws {
    #expect(try sandbox.object("audit", "verify").number("records") ?? 0 > 5)
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("later"))
    #expect(try sandbox.run("audit", "verify", "--anchor", sandbox.file("later")).status == 0)
  }

  private func expectGoingOn(_ version: Int) throws {
    #expect(try sandbox.list("launch", "history", "web1").count == (version >= 2 ? 2 : 1))
    // Opens the keys of every launch, and of all else.
    try sandbox.succeed("key", "rotate", "--kek")
    try sandbox.succeed("key", "create", "new", "--algorithm", "hybrid")
    try sandbox.succeed("measure", "record", "--guest", "web1", "web")
    try sandbox.succeed(
      "start", "web1", "--reference", "web", "--secret", "luks-key=@" + sandbox.file("secret"))
    try sandbox.succeed("vault", "rekey", "--new-root", "--seal", "file")
    try sandbox.succeed("policy", "edit", "own", "0xb")
    try sandbox.succeed("tenant", "destroy", "acme", "--crypto-erase", "--yes")
  }

  private func contents(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: sandbox.file(name)))
  }

  private func exported(_ key: String, of tenant: String = "default") throws -> Data {
    let name = UUID().uuidString
    try sandbox.succeed("-t", tenant, "key", "export", key, "--plaintext", "--out", sandbox.file(name))
    return try contents(name)
  }

  private func published(_ key: String) throws -> String {
    let name = UUID().uuidString
    try sandbox.succeed("key", "export", key, "--public", "--out", sandbox.file(name))
    return String(decoding: try contents(name), as: UTF8.self)
  }
}

/// A database file past the store, as its tests need it.
@safe private final class RawDatabase {
  private let pointer: OpaquePointer

  init(_ path: String) throws {
    var opened: OpaquePointer?
    let code = unsafe sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE, cvm_sqlite_checked_vfs())
    guard code == SQLITE_OK, let opened = unsafe opened else { throw HarnessError("\(path): SQLite \(code)") }
    unsafe pointer = opened
  }

  deinit { unsafe sqlite3_close_v2(pointer) }

  func run(_ sql: String) throws { _ = try texts(sql) }

  /// The first column of each row.
  func texts(_ sql: String) throws -> [String] {
    var statement: OpaquePointer?
    guard unsafe sqlite3_prepare_v2(pointer, sql, -1, &statement, nil) == SQLITE_OK else { throw error(sql) }
    defer { unsafe sqlite3_finalize(statement) }
    var texts: [String] = []
    while true {
      let code = unsafe sqlite3_step(statement)
      guard code == SQLITE_ROW else {
        guard code == SQLITE_DONE else { throw error(sql) }
        return texts
      }
      if let text = unsafe sqlite3_column_text(statement, 0) { texts.append(unsafe String(cString: text)) }
    }
  }

  private func error(_ sql: String) -> HarnessError {
    unsafe HarnessError("\(sql): \(String(cString: sqlite3_errmsg(pointer)))")
  }
}
