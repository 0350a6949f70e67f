import Foundation
import TestHarness
import Testing

@Suite("keys") struct KeyTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func export(_ name: String, _ more: String...) throws -> Data {
    let path = sandbox.file(UUID().uuidString)
    try sandbox.cvmctl.succeed(["key", "export", name, "--plaintext", "--out", path] + more)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func `a key is made, listed, rotated, revoked and destroyed`() throws {
    let made = try sandbox.object("key", "create", "disk/web1", "--purpose", "disk", "--rotate-after", "90d")
    #expect(made.string("state") == "active" && made.number("rotateAfter") == 7_776_000)
    try sandbox.refuses(.conflict, "key", "create", "disk/web1")
    let first = try export("disk/web1")
    #expect(first.count == 32)
    #expect(try sandbox.object("key", "rotate", "disk/web1").number("version") == 2)
    #expect(try export("disk/web1") != first && export("disk/web1@1") == first)
    #expect(try sandbox.list("key", "list").compactMap { $0.string("name") } == ["disk/web1"])
    #expect(try sandbox.succeed("key", "list", "-o", "wide").stdout.contains("aes-256"))
    #expect(try sandbox.succeed("key", "show", "disk/web1").stdout.contains("deactivated"))
    try sandbox.succeed("key", "revoke", "disk/web1@1", "--reason", "compromised")
    try sandbox.refuses(
      .policyViolation, "key", "export", "disk/web1@1", "--plaintext", "--out",
      sandbox.file("x"))
    #expect(try export("disk/web1@1", "--allow-compromised") == first)
    try sandbox.refuses(
      .conflict, "key", "revoke", "disk/web1@1", "--reason", "superseded")
    #expect(try sandbox.object("key", "destroy", "disk/web1").string("state") == "destroyed")
    try sandbox.refuses(.conflict, "key", "destroy", "disk/web1")
    try sandbox.refuses(.conflict, "key", "rotate", "disk/web1")
  }

  @Test func `what cannot be is refused with its exit code`() throws {
    try sandbox.succeed("key", "create", "a")
    for words in [
      ["show", "b"], ["rotate", "b"], ["destroy", "b"], ["revoke", "b", "--reason", "ceased"],
      ["policy", "b", "--max-uses", "1"], ["destroy", "a@7"],
    ] { try sandbox.refuses(.notFound, ["key"] + words) }
    for words in [
      ["create", "Upper"], ["create", "x", "--algorithm", "des"], ["create", "x", "--algorithm", "opaque"],
      ["create", "x", "--purpose", "a b"], ["create", "x", "--rotate-after", "soon"],
      ["create", "x", "--max-uses", "0"], ["rotate"], ["rotate", "a", "--kek"], ["rotate", "--kek", "--due"],
      ["rotate", "--due", "--from", "f"], ["policy", "a"], ["revoke", "a", "--reason", "lost"],
      ["revoke", "a"], ["destroy", "a@-1"], ["destroy", "a@"], ["destroy", "a@0"], ["show", "a@1"],
      ["export", "a", "--out", sandbox.file("x")],
    ] { try sandbox.refuses(.usage, ["key"] + words) }
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("x")))
    #expect(try sandbox.list("key", "list").count == 1)
  }

  @Test func `a brought key comes from a private file or a descriptor, and stays where it belongs`() throws {
    let canary = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
    try sandbox.directory.write(canary, to: "own", mode: 0o600)
    try sandbox.directory.write(canary, to: "open", mode: 0o644)
    try sandbox.refuses(.permission, "key", "import", "a", sandbox.file("open"))
    try sandbox.refuses(.notFound, "key", "import", "a", sandbox.file("none"))
    try sandbox.succeed("key", "import", "a", sandbox.file("own"), "--algorithm", "aes-256")
    let run = "exec 3<'\(sandbox.file("own"))'; exec \"$0\" \"$@\""
    try Tool("/bin/bash", ["-c", run, Program.cvmctl] + sandbox.cvmctl.arguments).succeed(
      "key", "import", "b", "/dev/fd/3")
    #expect(try export("a") == canary && export("b") == canary)
    for (name, data) in try sandbox.snapshot() {
      #expect(data.range(of: canary) == nil, "\(name) holds it")
    }
    try sandbox.refuses(.conflict, "key", "export", "a", "--plaintext", "--out", sandbox.file("own"))
  }

  @Test func `files are wrapped, and unwrapped by the key that wrapped them`() throws {
    try sandbox.succeed("key", "create", "a")
    try sandbox.succeed("key", "create", "b")
    try sandbox.succeed("key", "create", "small", "--algorithm", "aes-128")
    try sandbox.directory.write("a secret", to: "in", mode: 0o600)
    let (wrapped, out) = (sandbox.file("wrapped"), sandbox.file("out"))
    try sandbox.succeed("key", "wrap", "a", "--in", sandbox.file("in"), "--out", wrapped)
    try sandbox.refuses(.conflict, "key", "wrap", "a", "--in", sandbox.file("in"), "--out", wrapped)
    try sandbox.refuses(.usage, "key", "wrap", "small", "--in", sandbox.file("in"), "--out", out)
    try sandbox.refuses(.attestationRefused, "key", "unwrap", "b", "--in", wrapped, "--out", out)
    try sandbox.refuses(.usage, "key", "unwrap", "a", "--in", sandbox.file("in"), "--out", out)
    try sandbox.succeed("key", "unwrap", "a", "--in", wrapped, "--out", out)
    #expect(try String(contentsOfFile: out, encoding: .utf8) == "a secret")
  }

  @Test func `a launch is given a key by its name, unless it was revoked`() throws {
    try sandbox.succeed("key", "create", "disk/web1", "--purpose", "disk")
    try sandbox.define(GuestText("web1", firmware: try sandbox.firmware()))
    let key = try export("disk/web1")
    let record = try sandbox.object("start", "web1", "--secret", "luks-key=key:disk/web1")
    #expect(record.number("secretsInjected") == 1)
    let page = try sandbox.object(
      "sim", "memory", "web1", "--view", "guest", "--address", "0x80d000", "--count", "96")
    #expect(page.string("bytes")?.contains(key.map { String(format: "%02x", $0) }.joined()) == true)
    let shown = try sandbox.object("key", "show", "disk/web1")
    #expect((shown.list("launches") as? [[String: Any]])?.first?["launch"] as? String == record.string("id"))
    try sandbox.succeed("destroy", "web1")
    try sandbox.succeed("key", "revoke", "disk/web1", "--reason", "compromised")
    let error = try sandbox.refuses(
      .policyViolation, "start", "web1", "--secret", "luks-key=key:disk/web1")
    #expect(error.string("message")?.contains("compromised") == true, "\(error)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    try sandbox.refuses(.notFound, "start", "web1", "--secret", "luks-key=key:nobody")
    try sandbox.refuses(.usage, "start", "web1", "--secret", "luks-key=key:")
  }

  @Test func `a guest file names its key`() throws {
    try sandbox.succeed("key", "create", "disk/web1")
    try sandbox.define(
      GuestText("web1", firmware: try sandbox.firmware(), more: "secrets: [{name: disk, key: disk/web1}]"))
    #expect(try sandbox.object("start", "web1").number("secretsInjected") == 1)
    #expect(try sandbox.succeed("key", "show", "disk/web1").stdout.contains("used by guest 'web1'"))
  }

  @Test func `what is due is rotated by a job, what has to be brought is named`() throws {
    try sandbox.directory.write("brought", to: "own", mode: 0o600)
    try sandbox.succeed("key", "create", "a", "--max-uses", "1")
    try sandbox.succeed("key", "create", "b", "--max-uses", "5")
    try sandbox.succeed("key", "import", "c", sandbox.file("own"), "--max-uses", "1")
    for name in ["a", "b", "c"] { _ = try export(name) }
    #expect(try sandbox.list("key", "due").compactMap { $0.string("name") } == ["a", "c"])
    let outcome = try sandbox.succeed("key", "rotate", "--due", "-o", "name")
    #expect(outcome.stdout == "a\n" && outcome.stderr.contains("'c'"))
    #expect(try sandbox.list("key", "due").compactMap { $0.string("name") } == ["c"])
  }

  @Test
  func `a job rotates the due keys of every active tenant, and one that fails keeps none of the others`()
    throws
  {
    for tenant in ["acme", "beta", "gone"] {
      try sandbox.succeed("tenant", "create", tenant)
      try sandbox.succeed("-t", tenant, "key", "create", "k", "--max-uses", "1")
      try sandbox.succeed(
        "-t", tenant, "key", "export", "k", "--plaintext", "--out", sandbox.file("out-\(tenant)"))
    }
    try sandbox.succeed("tenant", "suspend", "gone")
    let due = try sandbox.list("key", "due", "--all-tenants")
    #expect(due.compactMap { $0.string("tenant") } == ["acme", "beta"])
    #expect(try sandbox.list("key", "due").isEmpty)
    let rotated = try sandbox.list("key", "rotate", "--due", "--all-tenants")
    #expect(rotated.compactMap { $0.string("tenant") } == ["acme", "beta"])
    #expect(rotated.allSatisfy { $0.number("version") == 2 })
    #expect(try sandbox.list("key", "due", "--all-tenants").isEmpty)
    #expect(try sandbox.run("key", "rotate", "k", "--all-tenants").status == 2)
    // A tenant's credential is for nothing else.
    let token = sandbox.file("token")
    try sandbox.succeed("tenant", "token", "create", "acme", "--out", token)
    let holder = Tool(
      sandbox.cvmctl.path, ["--state-dir", sandbox.state, "-c", "sim:///"],
      environment: sandbox.cvmctl.environment.merging(["CVMCTL_TOKEN_FILE": token]) { $1 })
    #expect(try holder.run("key", "due", "--all-tenants").status == 8)
    #expect(try holder.run("key", "rotate", "--due", "--all-tenants").status == 8)
  }

  /// Kills `key rotate --kek` at each write to disk in turn, until it comes to its end.
  @Test(.timeLimit(.minutes(60)))
  func `a KEK rotation that is killed anywhere loses nothing, and the next one ends it`() throws {
    let names = (0..<4).map { "k\($0)" }
    for name in names { try sandbox.succeed("key", "create", name) }
    let keys = try names.map { try export($0) }
    let kept = sandbox.file("kept")
    try Tool("/bin/cp").succeed("-a", sandbox.state, kept)
    var kills = 0
    for call in ["fdatasync", "pwrite64"] {
      for count in stride(from: 1, through: 200, by: call == "pwrite64" ? 3 : 1) {
        try FileManager.default.removeItem(atPath: sandbox.state)
        try Tool("/bin/cp").succeed("-a", kept, sandbox.state)
        let outcome = try Tool("/usr/bin/strace").run(
          [
            "-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
            "inject=\(call):signal=SIGKILL:when=\(count)", Program.cvmctl,
          ] + sandbox.cvmctl.arguments + ["key", "rotate", "--kek"])
        if outcome.status == 0 { break }
        kills += 1
        let ended = try sandbox.object("key", "rotate", "--kek")
        #expect(ended.list("destroyed")?.count == 1, "\(call) \(count): \(ended)")
        #expect((ended.number("version") ?? 0) <= 3, "\(call) \(count): \(ended)")
        for (name, key) in zip(names, keys) { #expect(try export(name) == key, "\(call) \(count)") }
      }
    }
    #expect(kills > 5)
  }
}
