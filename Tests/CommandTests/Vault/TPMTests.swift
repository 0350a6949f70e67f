import Foundation
import TestHarness
import Testing

/// A TPM seals the root key: swtpm, one for each test.
@Suite("vault --seal tpm2") struct TPMTests {
  private let sandbox: Sandbox
  private let tpm: SoftwareTPM

  init() throws {
    sandbox = try Sandbox()
    tpm = try SoftwareTPM()
    try sandbox.succeed("key", "create", "disk", "--purpose", "disk")
  }

  private func seal(_ options: String...) throws {
    try sandbox.cvmctl.succeed(["vault", "rekey", "--seal", "tpm2", "--tcti", tpm.address] + options)
  }

  /// Whether the vault opens; what it says otherwise.
  private func rotated() throws -> Outcome { try sandbox.run("key", "rotate", "disk") }

  @Test func `it opens by itself, and nothing else on the way does`() throws {
    try seal()
    #expect(try rotated().status == 0)
    let status = try sandbox.object("vault", "status")
    #expect(status.string("seal") == "tpm2" && status.string("state") == "unlocked")
    #expect(status.string("parameters") == "PCRs sha256:7,11, a software TPM, \(tpm.address)")
    #expect(status.string("protects")?.contains("software TPM") == true)
    // The machine starts again with the same software.
    try tpm.restart()
    #expect(try rotated().status == 0)
    try sandbox.succeed("audit", "verify")
    try sandbox.succeed("vault", "rekey", "--seal", "file")
    #expect(try rotated().status == 0)
  }

  @Test func `other PCRs close it, for as long as they are other ones`() throws {
    try seal("--pcrs", "sha256:0,7")
    try tpm.tool("pcrextend", "7:sha256=" + String(repeating: "1", count: 64))
    let refused = try rotated()
    expect(refused, is: .vaultLocked)
    #expect(refused.stderr.contains("PCRs have other values"))
    #expect(try sandbox.object("vault", "status").string("state") == "locked")
    expect(try sandbox.run("vault", "unlock"), is: .vaultLocked)
    expect(try sandbox.run("vault", "rekey", "--seal", "file"), is: .vaultLocked)
    // Reading goes on, and so does what needs no key.
    try sandbox.succeed("key", "list")
    try sandbox.succeed("policy", "create", "web", "0x3")
    try tpm.restart()
    #expect(try rotated().status == 0)
  }

  @Test func `PCRs that it was not sealed to do not count`() throws {
    try seal("--pcrs", "sha256:7")
    try tpm.tool("pcrextend", "11:sha256=" + String(repeating: "1", count: 64))
    #expect(try rotated().status == 0)
  }

  @Test func `a PIN is asked for, and wrong ones do not lock the TPM`() throws {
    let pin = try sandbox.directory.write("2468\n", to: "pin", mode: 0o600)
    let wrong = try sandbox.directory.write("2469\n", to: "wrong-pin", mode: 0o600)
    try seal("--pin-file", pin)
    let closed = try rotated()
    expect(closed, is: .vaultLocked)
    #expect(closed.stderr.hasSuffix("hint: cvmctl vault unlock\n"))
    try sandbox.succeed("vault", "unlock", "--pin-file", pin)
    #expect(try rotated().status == 0)
    try sandbox.succeed("vault", "lock")
    var said: [String] = []
    for _ in 0..<6 {
      let outcome = try sandbox.run("vault", "unlock", "--pin-file", wrong)
      expect(outcome, is: .vaultLocked)
      said.append(outcome.stderr)
    }
    #expect(said.first?.contains("that is not its PIN") == true)
    #expect(said.last?.contains("the PIN was not tried") == true)
    #expect(try tpm.tool("getcap", "properties-variable").stdout.contains(/inLockout: +0/))
    try tpm.tool("dictionarylockout", "--clear-lockout")
    try sandbox.succeed("vault", "unlock", "--pin-file", pin)
    #expect(try rotated().status == 0)
    try sandbox.succeed("vault", "lock")
    try tpm.tool("pcrextend", "7:sha256=" + String(repeating: "1", count: 64))
    expect(try sandbox.run("vault", "unlock", "--pin-file", pin), is: .vaultLocked)
  }

  @Test func `another TPM does not open it`() throws {
    try seal()
    let other = try SoftwareTPM()
    var cvmctl = sandbox.cvmctl
    cvmctl.environment["CVMCTL_TCTI"] = other.address
    let refused = try cvmctl.run("key", "rotate", "disk")
    expect(refused, is: .vaultLocked)
    #expect(refused.stderr.contains("sealed by another one"))
    #expect(try rotated().status == 0)
  }

  @Test func `one that is gone is missed at once, one that hangs after a while`() throws {
    try seal()
    tpm.freeze()
    let hanging = try sandbox.cvmctl.run("key", "rotate", "disk", timeout: .seconds(40))
    expect(hanging, is: .timeout)
    #expect(hanging.wallTime < 25)
    tpm.thaw()
    #expect(try rotated().status == 0)
    tpm.stop()
    let gone = try rotated()
    expect(gone, is: .vaultLocked)
    #expect(gone.stderr.contains("cannot be reached") && gone.wallTime < 5)
    #expect(try sandbox.object("vault", "status").string("state") == "locked")
  }

  @Test func `a file is no TPM, nor are PCRs that it has not`() throws {
    let file = try sandbox.directory.write("mine", to: "file")
    let rekey = ["vault", "rekey", "--seal", "tpm2"]
    for tcti in ["device:\(file)", "cmd:cat", "/tmp/x.so", ""] {
      expect(try sandbox.cvmctl.run(rekey + ["--tcti", tcti]), is: .usage)
    }
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
    try tpm.tool("pcrallocate", "sha256:all+sha384:none")
    try tpm.restart()
    let missing = try sandbox.cvmctl.run(rekey + ["--tcti", tpm.address, "--pcrs", "sha384:7"])
    expect(missing, is: .vaultLocked)
    #expect(missing.stderr.contains("no such PCRs"))
    #expect(try rotated().status == 0)
  }

  @Test func `without its libraries one line says so`() throws {
    try seal()
    var hidden = sandbox.cvmctl
    hidden.environment["LD_LIBRARY_PATH"] = try Self.emptyLibraries(in: sandbox)
    let outcome = try hidden.run("key", "rotate", "disk")
    expect(outcome, is: .unsupported)
    #expect(outcome.stderr.contains("libtss2"))
  }

  /// A directory where libtss2-esys is a file that is no library.
  private static func emptyLibraries(in sandbox: Sandbox) throws -> String {
    let directory = try sandbox.directory.makeDirectory("libraries")
    for name in ["tctildr", "esys", "mu"] {
      try sandbox.directory.write("no library", to: "libraries/libtss2-\(name).so.0")
    }
    return directory
  }
}
