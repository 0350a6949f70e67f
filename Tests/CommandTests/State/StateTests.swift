import Foundation
import TestHarness
import Testing

@Suite("state") struct StateTests {
  private let sandbox: Sandbox
  private let backup: String

  init() throws {
    sandbox = try Sandbox(hasHost: false)
    backup = sandbox.file("backup")
    try sandbox.succeed("key", "create", "disk", "--purpose", "disk")
  }

  private func at(_ state: String) -> Tool { sandbox.bare.with("--state-dir", state, "--connect", "sim:///") }

  private func export(_ tool: Tool) throws -> Data {
    let out = sandbox.file("out-\(UInt64.random(in: 0 ... .max))")
    try tool.succeed("key", "export", "disk", "--plaintext", "--out", out)
    return try Data(contentsOf: URL(fileURLWithPath: out))
  }

  private func data(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  // MARK: where

  @Test func `where says what made it so, and makes nothing`() throws {
    let other = sandbox.file("other")
    let named = try at(other).succeed("state", "where", "-o", "json").object()
    #expect(named.string("directory") == other && named.string("origin") == "--state-dir")
    #expect(named.string("database") == other + "/state.db")
    var tool = sandbox.bare
    tool.environment["CVMCTL_STATE_DIR"] = other
    #expect(try tool.succeed("state", "where", "-o", "json").object().string("origin") == "CVMCTL_STATE_DIR")
    #expect(!FileManager.default.fileExists(atPath: other))
    #expect(try sandbox.bare.succeed("state", "where", "-o", "json").object().string("origin") == "default")
  }

  // MARK: check

  private func bad() throws -> [String: String] {
    let outcome = try sandbox.run("state", "check", "-o", "json")
    #expect(outcome.status == 0 || outcome.status == 16, "\(outcome.stderr)")
    let rows = try #require(try outcome.json() as? [[String: Any]])
    #expect(rows.count == 6)
    var found: [String: String] = [:]
    for row in rows.map(JSONObject.init) where row.string("outcome") == "bad" {
      found[row.string("check") ?? ""] = row.string("detail")
    }
    #expect(found.isEmpty == (outcome.status == 0))
    return found
  }

  @Test func `a check finds a good state good, and leaves it byte by byte as it was`() throws {
    let before = try sandbox.snapshot()
    #expect(try bad().isEmpty)
    #expect(try sandbox.snapshot() == before)
    expect(try at(sandbox.file("none")).run("state", "check"), is: .connection)
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("none")))
  }

  @Test func `it names what is open, left over or missing`() throws {
    let root = sandbox.state + "/vault/root.key"
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: root)
    #expect(try bad()["files"]?.contains("root.key") == true)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: root)
    try Data().write(to: URL(fileURLWithPath: root + ".new"))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: root + ".new")
    #expect(try bad() == ["leftovers": root + ".new"])
    try sandbox.succeed("key", "rotate", "disk")
    #expect(try bad().isEmpty)
    let link = sandbox.state + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/")
    #expect(try bad()["files"]?.contains(link) == true)
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.moveItem(atPath: root, toPath: sandbox.file("kept"))
    #expect(try bad()["root key"]?.contains("missing") == true)
    try data(sandbox.file("kept")).dropLast().write(to: URL(fileURLWithPath: root))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: root)
    #expect(try bad()["root key"] != nil)
  }

  @Test func `it finds a byte changed on any page`() throws {
    let path = sandbox.state + "/state.db"
    let whole = try data(path)
    for page in stride(from: 4096, to: whole.count, by: 4096 * 5) {
      var damaged = whole
      damaged[page + 100] ^= 1
      try damaged.write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      #expect(try !bad().isEmpty, "page at \(page)")
    }
  }

  // MARK: backup and restore

  @Test func `what is restored opens the same keys, and its log goes on`() throws {
    let key = try export(sandbox.cvmctl)
    let made = try sandbox.object("state", "backup", backup)
    #expect(made.string("rootKey") == "file")
    #expect(try mode(backup) == 0o600)
    expect(try sandbox.run("state", "backup", backup), is: .conflict)
    try sandbox.succeed("key", "rotate", "disk")
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("anchor"))
    let restored = at(sandbox.file("restored"))
    let object = try restored.succeed("state", "restore", backup, "-o", "json").object()
    #expect(object.string("databaseSha256") == made.string("databaseSha256"))
    #expect(try export(restored) == key)
    #expect(try export(sandbox.cvmctl) != key)
    try restored.succeed("state", "check")
    try restored.succeed("audit", "verify")
    let acts = try restored.succeed("audit", "list", "--all-tenants", "-o", "name").stdout
    #expect(acts.split(separator: "\n").count > 3)
    let list = try restored.succeed("audit", "list", "--all-tenants").stdout
    #expect(list.contains("state.backup") && list.contains("state.restore"))
    // It is a rollback, and a head that was kept elsewhere says so.
    expect(try restored.run("audit", "verify", "--anchor", sandbox.file("anchor")), is: .corrupt)
  }

  @Test func `any tar unpacks it, and its sums are those of sha256sum`() throws {
    try sandbox.succeed("state", "backup", backup)
    let out = try sandbox.directory.makeDirectory("out")
    try Tool("/bin/tar").succeed("-x", "-f", backup, "-C", out)
    try Tool("/bin/bash").succeed("-c", "cd \(out) && sha256sum -c --strict SHA256SUMS")
    #expect(try data(out + "/vault/root.key") == data(sandbox.state + "/vault/root.key"))
    try sandbox.succeed("state", "backup", backup + "2", "--without-root-key")
    let names = try Tool("/bin/tar").succeed("-t", "-f", backup + "2").stdout
    #expect(names == "state.db\nSHA256SUMS\n")
    let restored = at(sandbox.file("restored"))
    try restored.succeed("state", "restore", backup + "2")
    expect(try restored.run("key", "rotate", "disk"), is: .vaultLocked)
  }

  @Test func `one that was cut or changed is refused, and nothing is written`() throws {
    try sandbox.succeed("state", "backup", backup)
    let whole = try data(backup)
    let place = sandbox.file("restored")
    var cases: [(String, Data)] = [
      ("empty", Data()), ("a block", whole.prefix(512)), ("a byte less", whole.dropLast()),
      ("without its end", whole.dropLast(1024)), ("a byte more", whole + [0]),
      ("half", whole.prefix(whole.count / 2)),
      ("twice", whole + whole),
    ]
    let headers = [0, 100, 124, 136, 148, 156, 257, 345, 511]
    let offsets =
      headers + [512, 5000, whole.count - 1, whole.count - 1025, whole.count - 1536, whole.count - 2000]
    for offset in offsets {
      var changed = whole
      changed[offset] ^= 1
      cases.append(("byte \(offset)", changed))
    }
    for (name, bytes) in cases {
      let path = try sandbox.directory.write(bytes, to: "changed", mode: 0o600)
      let outcome = try at(place).run("state", "restore", path)
      expect(outcome, is: .corrupt)
      #expect(!FileManager.default.fileExists(atPath: place), "\(name): \(outcome.stderr)")
      let beside = try FileManager.default.contentsOfDirectory(atPath: sandbox.directory.path)
      #expect(!beside.contains { $0.contains("restor") }, "\(name): \(beside)")
    }
    expect(try at(place).run("state", "restore", sandbox.file("none")), is: .notFound)
    try at(place).succeed("state", "restore", backup)
  }

  @Test func `a state that is there is in the way, or set aside whole`() throws {
    try sandbox.succeed("state", "backup", backup)
    let later = try sandbox.succeed("key", "create", "later").stdout
    #expect(!later.isEmpty)
    try sandbox.refusesUntouched(.conflict, "state", "restore", backup)
    let restored = try sandbox.object("state", "restore", backup, "--force")
    expect(try sandbox.run("key", "show", "later"), is: .notFound)
    let aside = try #require(restored.string("replaced"))
    try at(aside).succeed("key", "show", "later")
    let empty = sandbox.file("empty")
    try FileManager.default.createDirectory(
      atPath: empty, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try at(empty).succeed("state", "restore", backup)
    try at(empty).succeed("key", "show", "disk")
  }

  @Test func `a backup while others write is of one moment`() throws {
    let writers = try (0..<3).map { number in
      try Tool("/bin/bash", environment: sandbox.cvmctl.environment).start(
        [
          "-c", "for i in 1 2 3 4 5 6 7 8; do \"$0\" \"$@\" k\(number)-$i || exit 1; done",
          sandbox.cvmctl.path,
        ] + sandbox.cvmctl.arguments + ["key", "create"])
    }
    for number in 0..<3 {
      try sandbox.succeed("state", "backup", "\(backup)-\(number)")
      let restored = at(sandbox.file("restored-\(number)"))
      try restored.succeed("state", "restore", "\(backup)-\(number)")
      try restored.succeed("state", "check")
      for name in try restored.succeed("key", "list", "-o", "name").stdout.split(separator: "\n") {
        try restored.succeed("key", "rotate", String(name))
      }
    }
    for writer in writers { #expect(try writer.wait(timeout: .seconds(60)).status == 0) }
  }

  @Test func `the holder of a credential has nothing to do with it`() throws {
    try sandbox.succeed("tenant", "create", "acme")
    try sandbox.succeed("tenant", "token", "create", "acme", "--out", sandbox.file("token"))
    try sandbox.succeed("state", "backup", backup)
    var holder = sandbox.cvmctl
    holder.environment["CVMCTL_TOKEN_FILE"] = sandbox.file("token")
    for words in [["check"], ["backup", sandbox.file("b")], ["restore", backup, "--force"]] {
      expect(try holder.run(["state"] + words), is: .permission)
    }
  }

  /// Killed at every call that writes: the place has nothing, or all of it.
  @Test(arguments: ["write", "fsync", "fdatasync", "pwrite64", "rename", "renameat2", "mkdir"])
  func `a restore that is killed leaves nothing, or all`(_ call: String) throws {
    try sandbox.succeed("state", "backup", backup)
    let key = try export(sandbox.cvmctl)
    let place = sandbox.file("restored")
    var kills = 0
    for count in stride(from: 1, through: 200, by: call == "pwrite64" ? 3 : 1) {
      try? FileManager.default.removeItem(atPath: place)
      let outcome = try Tool("/usr/bin/strace").run(
        [
          "-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(call):signal=SIGKILL:when=\(count)",
          Program.cvmctl, "--state-dir", place, "state", "restore", backup,
        ])
      if outcome.status == 0 { break }
      kills += 1
      if !FileManager.default.fileExists(atPath: place) { try at(place).succeed("state", "restore", backup) }
      #expect(try export(at(place)) == key, "\(call) \(count)")
      try at(place).succeed("state", "check")
    }
    #expect(kills > 0 || call == "renameat2" || call == "rename")
  }
}
