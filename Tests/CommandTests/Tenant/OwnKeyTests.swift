import Foundation
import TestHarness
import Testing

@Suite("a tenant that holds its own key") struct OwnKeyTests {
  let sandbox: Sandbox
  let acme: Tool

  init() throws {
    sandbox = try Sandbox()
    try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("owner"))
    try sandbox.succeed("tenant", "create", "acme", "--hold-your-own-key", sandbox.file("owner.pub"))
    acme = sandbox.cvmctl.with("-t", "acme")
  }

  private func contents(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: sandbox.file(name)))
  }

  private func refuses(_ words: String...) throws {
    let outcome = try acme.run(["--no-progress"] + words)
    expect(outcome, is: .policyViolation)
    #expect(outcome.stderr.contains("holds its own key"), "\(words): \(outcome)")
  }

  @Test func `has keys that the vault seals and cannot open, and its owner can`() throws {
    #expect(try sandbox.object("tenant", "show", "acme").string("keysHeldBy") == "tenant")
    #expect(try sandbox.object("tenant", "show", "default").string("keysHeldBy") == "vault")
    let canary = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
    let brought = try sandbox.directory.write(canary, to: "own", mode: 0o600)
    try acme.succeed("key", "import", "disk", brought, "--purpose", "disk")
    try acme.succeed("key", "create", "made")
    try acme.succeed("key", "create", "id", "--algorithm", "p384")
    try acme.succeed("key", "rotate", "made")
    let out = sandbox.file("out")
    try refuses("key", "export", "disk", "--plaintext", "--out", out)
    try refuses("key", "export", "disk", "--recipient", sandbox.file("owner.pub"), "--out", out)
    try refuses("key", "export", "id", "--public", "--out", out)
    try refuses("key", "wrap", "made", "--in", brought, "--out", out)
    try refuses("key", "rotate", "--kek")
    try refuses("key", "migrate", "--to", "aes-256-gcm")
    try refuses("key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("kept"))
    #expect(!FileManager.default.fileExists(atPath: out))
    #expect(try acme.succeed("key", "list", "-o", "wide").stdout.contains("x-wing"))
    // The use that failed did not count.
    #expect(try acme.succeed("key", "show", "disk", "-o", "json").object().object("key")?.number("uses") == 0)
    try acme.succeed("key", "export", "disk", "--sealed", "--out", sandbox.file("sealed"))
    let open = ["key", "open", sandbox.file("sealed"), "--identity", sandbox.file("owner.key"), "--out", out]
    let opened = try sandbox.bare.succeed(open + ["-o", "json"]).object()
    #expect(opened.string("tenant") == "acme" && opened.string("name") == "disk")
    #expect(try contents("out") == canary)
    for (name, data) in try sandbox.snapshot() { #expect(data.range(of: canary) == nil, "\(name) holds it") }
    try acme.succeed("key", "destroy", "disk")
    expect(
      try acme.run("key", "export", "disk", "--sealed", "--out", sandbox.file("y")), is: .policyViolation)
  }

  @Test func `goes on after the loss of the root key, with the public key that it was made with alone`()
    throws
  {
    let canary = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
    let brought = try sandbox.directory.write(canary, to: "own", mode: 0o600)
    try acme.succeed("key", "import", "disk", brought, "--purpose", "disk")
    try FileManager.default.removeItem(atPath: sandbox.state + "/vault/root.key")
    try sandbox.succeed("vault", "init", "--seal", "file", "--replace-lost")
    expect(try acme.run("key", "create", "new"), is: .corrupt)
    let recover = ["key", "recover", "--hold-your-own-key"]
    try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("other"))
    let other = try acme.run(recover + [sandbox.file("other.pub")])
    expect(other, is: .attestationRefused)
    #expect(other.stderr.contains("made with another key"))
    expect(try acme.run("key", "create", "new"), is: .corrupt)
    expect(try sandbox.cvmctl.run(recover + [sandbox.file("owner.pub")]), is: .conflict)
    try acme.succeed(recover + [sandbox.file("owner.pub")])
    expect(try acme.run(recover + [sandbox.file("owner.pub")]), is: .conflict)
    try acme.succeed("key", "create", "new")
    try acme.succeed("key", "rotate", "new")
    for (name, version) in [("disk", "before"), ("new", "after")] {
      try acme.succeed("key", "export", name, "--sealed", "--out", sandbox.file("sealed-\(version)"))
      try sandbox.bare.succeed(
        "key", "open", sandbox.file("sealed-\(version)"), "--identity", sandbox.file("owner.key"), "--out",
        sandbox.file(version))
    }
    #expect(try contents("before") == canary)
    // Nothing waits any more for what is lost.
    try sandbox.succeed("vault", "rekey", "--new-root", "--seal", "file")
    try acme.succeed("key", "create", "later")
    expect(try acme.run(["key", "recover"]), is: .usage)
    expect(try acme.run(recover + [sandbox.file("owner.pub"), "--share", "x"]), is: .usage)
  }

  @Test func `launches guests that need none of its keys, and no others`() throws {
    try acme.succeed("key", "create", "disk")
    let guest = GuestText("web1", firmware: try sandbox.firmware())
    try acme.succeed("define", try sandbox.directory.write(guest.yaml, to: "web1.yaml"))
    try refuses("start", "web1", "--secret", "luks-key=key:disk")
    #expect(try acme.succeed("domstate", "web1").stdout == "shut off\n")
    #expect(try acme.succeed("start", "web1", "-o", "json").object().string("verdict") == "match")
    try acme.succeed("destroy", "web1")
    // A secret that is given, not kept, is given in the one process that has the launch's keys.
    let secret = try sandbox.directory.write("a secret", to: "secret", mode: 0o600)
    let record = try acme.succeed("start", "web1", "--secret", "luks-key=@" + secret, "-o", "json").object()
    #expect(record.number("secretsInjected") == 1)
  }

  @Test func `is not made with something else than a recipient's file`() throws {
    for name in ["owner.key", "none"] {
      let outcome = try sandbox.run("tenant", "create", "x", "--hold-your-own-key", sandbox.file(name))
      expect(outcome, is: name == "none" ? .notFound : .usage)
    }
    try sandbox.refuses(.notFound, "tenant", "show", "x")
  }
}
