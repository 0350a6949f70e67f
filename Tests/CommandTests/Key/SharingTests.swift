import Foundation
import TestHarness
import Testing

@Suite("keys that leave the vault") struct SharingTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("owner"))
  }

  private func mode(_ name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: sandbox.file(name))[.posixPermissions] as? Int
  }

  private func contents(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: sandbox.file(name)))
  }

  private func plain(_ key: String, _ more: String...) throws -> Data {
    let name = UUID().uuidString
    try sandbox.cvmctl.succeed(["key", "export", key, "--plaintext", "--out", sandbox.file(name)] + more)
    return try contents(name)
  }

  /// A state directory beside this one, as another machine has it.
  private func elsewhere(_ words: String...) throws -> Outcome {
    try sandbox.bare.with("--state-dir", sandbox.file("elsewhere")).run(words)
  }

  @Test func `a recipient has a file for everybody and one for itself`() throws {
    #expect(try mode("owner.key") == 0o600 && mode("owner.pub") == 0o644)
    for taken in ["owner", "new"] {
      if taken == "new" { try sandbox.directory.write("", to: "new.pub") }
      try sandbox.refuses(.conflict, "key", "recipient", "create", "--out", sandbox.file(taken))
    }
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("new.key")))
  }

  @Test func `a key goes to another vault, bound to its name, purpose and algorithm`() throws {
    try sandbox.succeed("key", "create", "disk/web1", "--purpose", "disk")
    try sandbox.succeed("key", "rotate", "disk/web1")
    let (sealed, identity) = (sandbox.file("sealed"), sandbox.file("owner.key"))
    try sandbox.succeed(
      "key", "export", "disk/web1", "--recipient", sandbox.file("owner.pub"), "--out", sealed)
    let opened = try sandbox.bare.succeed(
      ["key", "open", sealed, "--identity", identity, "--out", sandbox.file("opened"), "-o", "json"]
    ).object()
    #expect(opened.string("name") == "disk/web1" && opened.number("version") == 2)
    #expect(opened.string("purpose") == "disk" && opened.string("algorithm") == "aes-256")
    #expect(try contents("opened") == plain("disk/web1"))
    #expect(try mode("opened") == 0o600)
    expect(
      try elsewhere("key", "import", "disk/web2", sealed, "--identity", identity), is: .usage)
    expect(
      try elsewhere("key", "import", "disk/web1", sealed, "--identity", identity, "--purpose", "x"),
      is: .usage)
    let imported = try elsewhere(
      "key", "import", "disk/web1", sealed, "--identity", identity, "-o", "json"
    ).object()
    #expect(imported.string("purpose") == "disk" && imported.string("algorithm") == "aes-256")
    #expect(imported.number("version") == 1)
    #expect(
      try elsewhere("key", "export", "disk/web1", "--plaintext", "--out", sandbox.file("there")).status == 0)
    #expect(try contents("there") == plain("disk/web1"))
    // The record says who it is for.
    let records = try sandbox.succeed("audit", "list", "--act", "key.export", "-o", "json").stdout
    #expect(records.contains("\"recipient\": \""))
  }

  @Test func `what is not for the identity, or was changed, or is no such file, is refused`() throws {
    try sandbox.succeed("key", "create", "a")
    let (sealed, out) = (sandbox.file("sealed"), sandbox.file("out"))
    try sandbox.succeed("key", "export", "a", "--recipient", sandbox.file("owner.pub"), "--out", sealed)
    try sandbox.succeed("key", "recipient", "create", "--out", sandbox.file("other"))
    func open(_ file: String, _ identity: String) throws -> Outcome {
      try sandbox.run("key", "open", file, "--identity", sandbox.file(identity), "--out", out)
    }
    expect(try open(sealed, "other.key"), is: .attestationRefused)
    expect(try open(sealed, "owner.pub"), is: .permission)
    expect(try open(sandbox.file("owner.pub"), "owner.key"), is: .usage)
    expect(try open(sandbox.file("none"), "owner.key"), is: .notFound)
    var bytes = try contents("sealed")
    bytes[bytes.count - 1] ^= 1
    expect(try open(try sandbox.directory.write(bytes, to: "changed"), "owner.key"), is: .attestationRefused)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: sandbox.file("owner.key"))
    expect(try open(sealed, "owner.key"), is: .permission)
    #expect(!FileManager.default.fileExists(atPath: out))
    try sandbox.refuses(
      .usage, "key", "export", "a", "--recipient", sandbox.file("owner.key"), "--out", out)
    try sandbox.refuses(
      .usage, "key", "export", "a", "--recipient", sandbox.file("owner.pub"), "--plaintext", "--out", out)
    try sandbox.refuses(
      .conflict, "key", "export", "a", "--recipient", sandbox.file("owner.pub"), "--out", sealed)
    try sandbox.refuses(.conflict, "key", "export", "a", "--sealed", "--out", out)
    #expect(!FileManager.default.fileExists(atPath: out))
  }

  @Test(arguments: ["ed25519", "p384"])
  func `a signing key shows its public half, which OpenSSL takes and signatures fit`(_ algorithm: String)
    throws
  {
    try sandbox.succeed("key", "create", "id", "--algorithm", algorithm, "--purpose", "id-block")
    let pem = sandbox.file("id.pem")
    try sandbox.succeed("key", "export", "id", "--public", "--out", pem)
    let shown = try #require(
      (try sandbox.object("key", "show", "id").list("history") as? [[String: Any]])?.first?["publicKey"]
        as? String)
    let der = try Tool("/usr/bin/openssl").succeed(
      "pkey", "-pubin", "-in", pem, "-outform", "DER", "-text", "-noout")
    let hex = der.stdout.lowercased().filter(\.isHexDigit)
    #expect(hex.contains(shown))
    #expect(try sandbox.succeed("key", "show", "id").stdout.contains(shown))
    // Taken back, the private half has the same public one.
    let brought = try sandbox.directory.write(try plain("id"), to: "brought", mode: 0o600)
    let again = try sandbox.object("key", "import", "again", brought, "--algorithm", algorithm)
    #expect(again.string("purpose") == "sign")
    try sandbox.succeed("key", "export", "again", "--public", "--out", sandbox.file("again.pem"))
    #expect(try contents("again.pem") == contents("id.pem"))
  }

  @Test func `a hybrid key has 1984 bytes of public half, a key that encrypts has none`() throws {
    try sandbox.succeed("key", "create", "id", "--algorithm", "hybrid")
    try sandbox.succeed("key", "export", "id", "--public", "--out", sandbox.file("id.bin"))
    #expect(try contents("id.bin").count == 1984)
    try sandbox.succeed("key", "create", "a")
    try sandbox.refuses(.usage, "key", "export", "a", "--public", "--out", sandbox.file("x"))
    try sandbox.directory.write(Data(repeating: 0, count: 48), to: "zero", mode: 0o600)
    try sandbox.refuses(.usage, "key", "import", "zero", sandbox.file("zero"), "--algorithm", "p384")
    try sandbox.refuses(.usage, "key", "import", "zero", sandbox.file("zero"), "--algorithm", "ed25519")
    // No guest is given one.
    try sandbox.define(GuestText("web1", firmware: try sandbox.firmware()))
    try sandbox.refuses(.usage, "start", "web1", "--secret", "luks-key=key:id")
  }

  @Test func `a key begins when its time comes, is suspended and resumed`() throws {
    let key = try sandbox.object("key", "create", "later", "--active-from", "2199-01-01")
    #expect(key.string("state") == "pre-active")
    try sandbox.refuses(.policyViolation, "key", "export", "later", "--plaintext", "--out", sandbox.file("x"))
    for verb in ["rotate", "suspend"] { try sandbox.refuses(.conflict, "key", verb, "later") }
    #expect(try sandbox.object("key", "resume", "later").string("state") == "active")
    let past = try sandbox.object("key", "create", "past", "--active-from", "2020-01-01T00:00:00Z")
    #expect(past.string("state") == "active")
    #expect(try sandbox.object("key", "suspend", "past").string("state") == "suspended")
    try sandbox.directory.write("a secret", to: "in", mode: 0o600)
    let wrap = ["key", "wrap", "past", "--in", sandbox.file("in"), "--out", sandbox.file("wrapped")]
    try sandbox.refuses(.policyViolation, wrap)
    _ = try plain("past")
    try sandbox.refuses(.conflict, "key", "suspend", "past")
    try sandbox.succeed("key", "resume", "past")
    try sandbox.cvmctl.succeed(wrap)
    try sandbox.refuses(.conflict, "key", "resume", "past")
    try sandbox.refuses(.usage, "key", "create", "x", "--active-from", "soon")
  }
}
