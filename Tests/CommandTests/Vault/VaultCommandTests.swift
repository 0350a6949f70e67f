import Foundation
import TestHarness
import Testing

@Suite("vault") struct VaultCommandTests {
  private let sandbox: Sandbox
  private let passphrase: String

  init() throws {
    sandbox = try Sandbox()
    passphrase = try sandbox.directory.write("correct horse\n", to: "passphrase", mode: 0o600)
  }

  private func state() throws -> String? { try sandbox.object("vault", "status").string("state") }

  @Test func `a passphrase locks keys away until an agent has the root key`() throws {
    try sandbox.succeed("key", "create", "disk", "--purpose", "disk")
    try sandbox.succeed("vault", "rekey", "--seal", "passphrase", "--passphrase-file", passphrase)
    let locked = try sandbox.run("key", "rotate", "disk")
    expect(locked, is: .vaultLocked)
    #expect(locked.stderr.hasSuffix("hint: cvmctl vault unlock\n"))
    try sandbox.succeed("vault", "unlock", "--passphrase-file", passphrase)
    try sandbox.succeed("key", "rotate", "disk")
    #expect(try state() == "unlocked")
    try sandbox.succeed("vault", "lock")
    #expect(try state() == "locked")
    expect(try sandbox.run("key", "rotate", "disk"), is: .vaultLocked)
    let acts = try sandbox.list("audit", "list", "--all-tenants").compactMap { $0.string("act") }
    #expect(Set(acts).isSuperset(of: ["vault.rekey", "vault.unlock", "vault.lock"]))
    try sandbox.succeed("audit", "verify")
  }

  @Test func `a wrong passphrase opens nothing and is on record`() throws {
    try sandbox.succeed(
      "vault", "init", "--seal", "passphrase", "--kdf", "scrypt", "--passphrase-file", passphrase)
    let wrong = try sandbox.directory.write("battery staple", to: "wrong", mode: 0o600)
    expect(try sandbox.run("vault", "unlock", "--passphrase-file", wrong), is: .vaultLocked)
    #expect(try state() == "locked")
    let outcomes = try sandbox.list("audit", "list", "--all-tenants").filter {
      $0.string("act") == "vault.unlock"
    }
    #expect(outcomes.compactMap { $0.string("outcome") }.contains("failed"))
    expect(try sandbox.run("vault", "unlock"), is: .usage)
  }

  @Test func `shares go to files of their own, and enough of them unlock`() throws {
    let out = sandbox.file("shares")
    try sandbox.succeed(
      "vault", "init", "--seal", "shamir", "--shares", "3", "--threshold", "2", "--out", out)
    for number in 1...3 {
      let facts = try FileManager.default.attributesOfItem(atPath: "\(out)/share-\(number)")
      #expect(facts[.posixPermissions] as? Int == 0o600)
    }
    expect(try sandbox.run("vault", "unlock", "--share", "\(out)/share-1"), is: .vaultLocked)
    expect(try sandbox.run("vault", "unlock"), is: .usage)
    try sandbox.succeed(
      "vault", "unlock", "--share", "\(out)/share-3", "--share", "\(out)/share-1", "--idle", "1s")
    #expect(try state() == "unlocked")
    Thread.sleep(forTimeInterval: 3)
    #expect(try state() == "locked")
    expect(try sandbox.run("vault", "rekey", "--seal", "file"), is: .vaultLocked)
  }

  /// SoftHSM2, with tokens of its own.
  @Test func `a token of PKCS#11 seals it, and a wrong PIN is tried once`() throws {
    let module = "/usr/lib/softhsm/libsofthsm2.so"
    try FileManager.default.createDirectory(
      atPath: sandbox.file("tokens"), withIntermediateDirectories: false)
    let configuration = try sandbox.directory.write(
      "directories.tokendir = \(sandbox.file("tokens"))\n", to: "softhsm2.conf")
    var environment = sandbox.cvmctl.environment
    environment["SOFTHSM2_CONF"] = configuration
    try Tool("/usr/bin/softhsm2-util", environment: environment).succeed(
      "--init-token", "--free", "--label", "vault", "--so-pin", "12345678", "--pin", "4321")
    let pin = try sandbox.directory.write("4321\n", to: "pin", mode: 0o600)
    let wrong = try sandbox.directory.write("1234\n", to: "wrong-pin", mode: 0o600)
    let cvmctl = Tool(sandbox.cvmctl.path, environment: environment).with(
      "--state-dir", sandbox.state, "--connect", "sim:///")
    try cvmctl.succeed("key", "create", "disk", "--purpose", "disk")
    let rekey = ["vault", "rekey", "--seal", "pkcs11", "--module", module]
    expect(try cvmctl.run(rekey + ["--token", "vault", "--pin-file", wrong]), is: .vaultLocked)
    expect(try cvmctl.run(rekey + ["--token", "other", "--pin-file", pin]), is: .vaultLocked)
    try cvmctl.succeed("key", "rotate", "disk")
    try cvmctl.succeed(rekey + ["--token", "vault", "--pin-file", pin])
    expect(try cvmctl.run("key", "rotate", "disk"), is: .vaultLocked)
    expect(try cvmctl.run("vault", "unlock", "--pin-file", wrong), is: .vaultLocked)
    expect(try cvmctl.run("vault", "unlock", "--passphrase-file", passphrase), is: .usage)
    try cvmctl.succeed("vault", "unlock", "--pin-file", pin)
    try cvmctl.succeed("key", "rotate", "disk")
    try cvmctl.succeed("vault", "rekey", "--seal", "file")
    try cvmctl.succeed("key", "rotate", "disk")
  }

  @Test(arguments: [
    (["unlock", "--passphrase", "correct horse"], "--passphrase-file"),
    (["unlock", "--passphrase=correct horse"], "--passphrase-file"),
    (["rekey", "--seal", "passphrase", "--password", "correct horse"], "--passphrase-file"),
    (["unlock", "--pin", "correct horse"], "--pin-file"),
    (["init", "--seal", "pkcs11", "--pin=correct horse"], "--pin-file"),
  ]) func `a secret among the arguments is refused, not shown, and the right form named`(
    _ words: [String], _ source: String
  ) throws {
    let outcome = try sandbox.cvmctl.run(["vault"] + words)
    expect(outcome, is: .usage)
    #expect(outcome.stderr.contains("hint: \(source) FILE") && !outcome.stderr.contains("horse"))
  }

  @Test func `a share among the arguments is refused and not shown`() throws {
    let out = sandbox.file("shares")
    try sandbox.succeed("vault", "init", "--seal", "shamir", "--out", out)
    let share = try String(contentsOfFile: out + "/share-1", encoding: .utf8)
    let outcome = try sandbox.run("vault", "unlock", "--share", share)
    expect(outcome, is: .usage)
    #expect(!outcome.stderr.contains("cvmshare"))
  }

  /// Where somebody else could put a library, none is loaded.
  @Test func `a module that others can change is not loaded`() throws {
    let module = "/usr/lib/softhsm/libsofthsm2.so"
    let pin = try sandbox.directory.write("4321\n", to: "pin", mode: 0o600)
    func refused(_ path: String) throws {
      let outcome = try sandbox.run(
        "vault", "rekey", "--seal", "pkcs11", "--module", path, "--token", "t", "--pin-file", pin)
      expect(outcome, is: .permission)
      #expect(outcome.stderr.contains("others can change"), "\(outcome.stderr)")
    }
    try sandbox.succeed("key", "create", "disk")
    let own = try sandbox.directory.copy(module, as: "own.so", mode: 0o666)
    try refused(own)
    let open = try sandbox.directory.makeDirectory("open")
    _ = try sandbox.directory.copy(module, as: "open/own.so")
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: open)
    try refused(open + "/own.so")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.file("link.so"), withDestinationPath: open + "/own.so")
    try refused(sandbox.file("link.so"))
    if geteuid() == 0 {
      let foreign = try sandbox.directory.copy(module, as: "foreign.so")
      try Tool("/bin/chown").succeed("65534", foreign)
      try refused(foreign)
    }
  }

  @Test func `a vault is made once`() throws {
    try sandbox.succeed("vault", "init", "--seal", "file")
    expect(try sandbox.run("vault", "init", "--seal", "file"), is: .conflict)
    expect(try sandbox.run("vault", "lock"), is: .conflict)
    expect(try sandbox.run("vault", "unlock"), is: .usage)
  }

  @Test(arguments: [
    ["init", "--seal", "file", "--iterations", "600000"], ["init", "--seal", "shamir"],
    ["init", "--seal", "passphrase", "--iterations", "1"],
    ["init", "--seal", "passphrase", "--cost", "16384"],
    ["init", "--seal", "passphrase", "--kdf", "scrypt", "--cost", "20000"], ["init", "--seal", "passphrase"],
    ["init", "--seal", "shamir", "--out", "/x", "--shares", "2"], ["unlock", "--idle", "400d"], ["init"],
  ]) func `options that do not go together are refused`(_ words: [String]) throws {
    expect(try sandbox.cvmctl.run(["vault"] + words), is: .usage)
  }

  @Test func `the holder of a credential has nothing to do with it`() throws {
    try sandbox.succeed("tenant", "create", "acme")
    try sandbox.succeed("tenant", "token", "create", "acme", "--out", sandbox.file("token"))
    var environment = sandbox.cvmctl.environment
    environment["CVMCTL_TOKEN_FILE"] = sandbox.file("token")
    let holder = Tool(sandbox.cvmctl.path, environment: environment).with(
      "--state-dir", sandbox.state, "--connect", "sim:///")
    for words in [
      ["status"], ["lock"], ["unlock"], ["agent"], ["init", "--seal", "file"], ["rekey", "--seal", "file"],
    ] {
      expect(try holder.run(["vault"] + words), is: .permission)
    }
  }
}
