import Foundation
import TestHarness
import Testing

@Suite("KEKs in escrow") struct EscrowTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    for name in ["acme", "other"] { try sandbox.succeed("tenant", "create", name) }
    try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("owner"))
  }

  private func plain(_ key: String, _ tenant: String) throws -> Data {
    let path = sandbox.file(UUID().uuidString)
    try sandbox.succeed("-t", tenant, "key", "export", key, "--plaintext", "--out", path)
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  private func loseRootKey() throws {
    try FileManager.default.removeItem(atPath: sandbox.state + "/vault/root.key")
    try sandbox.refuses(.vaultLocked, "-t", "acme", "key", "create", "new")
    try sandbox.refuses(.vaultLocked, "vault", "init", "--seal", "file")
    try sandbox.succeed("vault", "init", "--seal", "file", "--replace-lost")
  }

  @Test func `the root key is lost: what is in escrow comes back, and nothing else`() throws {
    for tenant in ["acme", "other"] {
      try sandbox.succeed("-t", tenant, "key", "create", "disk")
      try sandbox.succeed("-t", tenant, "key", "rotate", "disk")
    }
    let keys = try ["disk", "disk@1"].map { try plain($0, "acme") }
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("head"))
    let old = try sandbox.succeed("audit", "key").stdout
    try sandbox.succeed(
      "-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("kept"))
    try loseRootKey()
    try sandbox.refuses(
      .corrupt, "-t", "acme", "key", "export", "disk", "--plaintext", "--out", sandbox.file("x"))
    let recover = ["key", "recover", sandbox.file("kept/escrow-1"), "--identity", sandbox.file("owner.key")]
    try sandbox.refuses(.usage, ["-t", "other"] + recover)
    let recovered = try sandbox.cvmctl.succeed(["-t", "acme", "-o", "json"] + recover).object()
    #expect(recovered.string("tenant") == "acme" && recovered.number("version") == 1)
    #expect(try ["disk", "disk@1"].map { try plain($0, "acme") } == keys)
    try sandbox.succeed("-t", "acme", "key", "rotate", "--kek")
    #expect(try ["disk", "disk@1"].map { try plain($0, "acme") } == keys)
    // Who had none in escrow has lost its keys.
    try sandbox.refuses(
      .corrupt, "-t", "other", "key", "export", "disk", "--plaintext", "--out", sandbox.file("x"))
    // The log goes on under other keys, and what the old ones signed still holds.
    let new = try sandbox.succeed("audit", "key").stdout
    #expect(new != old)
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("later"))
    try sandbox.succeed("audit", "verify", "--anchor", sandbox.file("head"))
    try sandbox.succeed("audit", "verify", "--anchor", sandbox.file("later"))
    try sandbox.refuses(.conflict, ["-t", "acme"] + recover)
  }

  @Test func `a root key that is lost is replaced under any seal, once, and never one that is there`() throws
  {
    try sandbox.succeed("-t", "acme", "key", "create", "disk")
    let key = try plain("disk", "acme")
    try sandbox.succeed(
      "-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("kept"))
    try sandbox.refuses(.conflict, "vault", "init", "--seal", "file", "--replace-lost")
    try FileManager.default.removeItem(atPath: sandbox.state + "/vault/root.key")
    let passphrase = try sandbox.directory.write("a long secret", to: "passphrase", mode: 0o600)
    let seal = ["--seal", "passphrase", "--passphrase-file", passphrase]
    try sandbox.cvmctl.succeed(["vault", "init", "--replace-lost"] + seal)
    try sandbox.succeed("vault", "unlock", "--passphrase-file", passphrase)
    try sandbox.refuses(.conflict, ["vault", "init", "--replace-lost"] + seal)
    try sandbox.succeed(
      "-t", "acme", "key", "recover", sandbox.file("kept/escrow-1"), "--identity", sandbox.file("owner.key"))
    #expect(try plain("disk", "acme") == key)
    try sandbox.succeed("vault", "lock")
  }

  /// Kills it at each write to disk in turn.
  @Test(.timeLimit(.minutes(60))) func `a replacement that is killed anywhere is ended by the next one`()
    throws
  {
    try sandbox.succeed("-t", "acme", "key", "create", "disk")
    let key = try plain("disk", "acme")
    try sandbox.succeed(
      "-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("kept"))
    try FileManager.default.removeItem(atPath: sandbox.state + "/vault/root.key")
    let lost = sandbox.file("lost")
    try Tool("/bin/cp").succeed("-a", sandbox.state, lost)
    let replace = ["vault", "init", "--seal", "file", "--replace-lost"]
    var kills = 0
    for call in ["fsync,fdatasync", "renameat2,renameat,rename"] {
      for count in 1...40 {
        try FileManager.default.removeItem(atPath: sandbox.state)
        try Tool("/bin/cp").succeed("-a", lost, sandbox.state)
        let outcome = try Tool("/usr/bin/strace").run(
          [
            "-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
            "inject=\(call):signal=SIGKILL:when=\(count)",
            Program.cvmctl,
          ] + sandbox.cvmctl.arguments + replace)
        if outcome.status == 0 { break }
        kills += 1
        // It is done already where only the answer was lost.
        let again = try sandbox.cvmctl.run(replace)
        #expect([0, 4].contains(again.status), "\(call) \(count): \(again)")
        try sandbox.succeed(
          "-t", "acme", "key", "recover", sandbox.file("kept/escrow-1"), "--identity",
          sandbox.file("owner.key"))
        #expect(try plain("disk", "acme") == key, "\(call) \(count)")
      }
    }
    #expect(kills > 4)
  }

  @Test func `enough shares bring it back, fewer and foreign ones do not`() throws {
    try sandbox.succeed("-t", "acme", "key", "create", "disk")
    let key = try plain("disk", "acme")
    let shares = ["--shares", "3", "--threshold", "2"]
    try sandbox.cvmctl.succeed(["-t", "acme", "key", "escrow"] + shares + ["--out", sandbox.file("kept")])
    try sandbox.cvmctl.succeed(
      ["-t", "acme", "key", "escrow"] + shares + ["--out", sandbox.file("foreign")])
    try loseRootKey()
    func recover(_ shares: String...) -> [String] {
      ["-t", "acme", "key", "recover", sandbox.file("kept/escrow")]
        + shares.flatMap { ["--share", sandbox.file($0)] }
    }
    try sandbox.refuses(.vaultLocked, recover("kept/share-1"))
    try sandbox.refuses(.vaultLocked, recover("kept/share-1", "kept/share-1"))
    try sandbox.refuses(.vaultLocked, recover("kept/share-1", "foreign/share-2"))
    try sandbox.refuses(.usage, recover("owner.key", "kept/share-2"))
    try sandbox.refuses(.usage, recover())
    try sandbox.refuses(
      .attestationRefused,
      ["-t", "acme", "key", "recover", sandbox.file("kept/escrow"), "--identity", sandbox.file("owner.key")])
    try sandbox.cvmctl.succeed(recover("kept/share-3", "kept/share-1"))
    #expect(try plain("disk", "acme") == key)
  }

  @Test func `an escrow is of one version of the KEK: a rotation leaves nothing that it opens`() throws {
    try sandbox.succeed("-t", "acme", "key", "create", "disk")
    let escrow = ["-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out"]
    try sandbox.cvmctl.succeed(escrow + [sandbox.file("old")])
    try sandbox.succeed("-t", "acme", "key", "rotate", "--kek")
    let shown = try sandbox.object("tenant", "show", "acme")
    let kept = try #require((shown.list("escrow") as? [[String: Any]])?.first)
    #expect(kept["version"] as? Int == 1 && kept["state"] as? String == "destroyed")
    #expect(try sandbox.succeed("tenant", "show", "acme").stdout.contains("KEK 1 (destroyed)"))
    try sandbox.succeed("-t", "acme", "key", "migrate", "--to", "x-wing")
    try sandbox.cvmctl.succeed(escrow + [sandbox.file("new")])
    let key = try plain("disk", "acme")
    try loseRootKey()
    func recover(_ directory: String) -> [String] {
      [
        "-t", "acme", "key", "recover", sandbox.file(directory + "/escrow-1"), "--identity",
        sandbox.file("owner.key"),
      ]
    }
    let error = try sandbox.refuses(.conflict, recover("old"))
    #expect(error.string("message")?.contains("destroyed") == true)
    try sandbox.cvmctl.succeed(recover("new"))
    #expect(try plain("disk", "acme") == key)
  }

  @Test func `a KEK that somebody made up is not taken`() throws {
    // The same tenant's name in another store: a file of the right kind, with another key.
    try sandbox.succeed("-t", "acme", "key", "create", "disk")
    let there = sandbox.bare.with("--state-dir", sandbox.file("elsewhere"))
    try there.succeed("tenant", "create", "acme")
    try there.succeed("-t", "acme", "key", "create", "disk")
    try there.succeed(
      "-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("forged")
    )
    let recover = [
      "-t", "acme", "key", "recover", sandbox.file("forged/escrow-1"), "--identity",
      sandbox.file("owner.key"),
    ]
    try sandbox.refuses(.conflict, recover)
    try loseRootKey()
    try sandbox.refuses(.attestationRefused, recover)
    // Nor is an exported key one in escrow, or the other way round.
    try there.succeed(
      "-t", "acme", "key", "export", "disk", "--recipient", sandbox.file("owner.pub"), "--out",
      sandbox.file("exported"))
    try sandbox.refuses(
      .usage, "-t", "acme", "key", "recover", sandbox.file("exported"), "--identity",
      sandbox.file("owner.key"))
    try sandbox.refuses(
      .usage, "key", "open", sandbox.file("forged/escrow-1"), "--identity", sandbox.file("owner.key"),
      "--out",
      sandbox.file("x"))
  }

  @Test func `only the operator recovers, and a certificate of destruction says who keeps a KEK`() throws {
    try sandbox.succeed("-t", "acme", "key", "create", "disk")
    try sandbox.succeed(
      "-t", "acme", "key", "escrow", "--recipient", sandbox.file("owner.pub"), "--out", sandbox.file("kept"))
    try sandbox.succeed("tenant", "token", "create", "acme", "--out", sandbox.file("token"))
    var holder = sandbox.cvmctl
    holder.environment["CVMCTL_TOKEN_FILE"] = sandbox.file("token")
    expect(
      try holder.run(
        "key", "recover", sandbox.file("kept/escrow-1"), "--identity", sandbox.file("owner.key")),
      is: .permission)
    let certificate = try sandbox.object("tenant", "destroy", "acme", "--crypto-erase", "--yes")
    #expect((certificate.list("escrow") as? [[String: Any]])?.count == 1)
  }
}
