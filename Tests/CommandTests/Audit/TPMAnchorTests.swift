import Foundation
import TestHarness
import Testing

/// The log is anchored in a TPM: swtpm, one for each test.
@Suite("audit anchor --tpm") struct TPMAnchorTests {
  private let sandbox: Sandbox
  private let tpm: SoftwareTPM

  init() throws {
    sandbox = try Sandbox()
    tpm = try SoftwareTPM()
  }

  @discardableResult
  private func anchor(_ options: String...) throws -> JSONObject {
    try sandbox.cvmctl.succeed(["audit", "anchor", "--tpm", "-o", "json"] + options).object()
  }

  private func verify(_ options: String...) throws -> Outcome {
    try sandbox.cvmctl.run(["audit", "verify", "--tpm"] + options)
  }

  /// A refusal in one line, with what it says.
  private func expectRefusal(
    _ outcome: Outcome, _ failure: Refusal, _ words: String, at line: SourceLocation = #_sourceLocation
  ) {
    expect(outcome, is: failure, sourceLocation: line)
    #expect(outcome.stderr.contains(words), "\(outcome)", sourceLocation: line)
  }

  @Test func `each anchor has a value of its own, and the log passes with the newest`() throws {
    let before = try sandbox.object("vault", "status").string("rollback")
    #expect(before == "not detectable")
    let first = try #require(try anchor("--tcti", tpm.address).number("tpmCounter"))
    try sandbox.succeed("policy", "create", "web", "0x3")
    #expect(try verify().status == 0)
    // The TPM is remembered.
    let second = try #require(try anchor().number("tpmCounter"))
    #expect(second == first + 1)
    let found = try sandbox.object("audit", "verify", "--tpm")
    #expect(found.number("tpmCounter") == second && found.flag("rollbackDetectable") == true)
    #expect((found.number("anchoredRecords") ?? 0) > 4)
    let status = try #require(try sandbox.object("vault", "status").string("rollback"))
    #expect(status.hasPrefix("detectable by the TPM's counter, \(second) at record "))
    try tpm.restart()
    #expect(try verify().status == 0)
    expectRefusal(try sandbox.run("audit", "anchor", "--tpm", "--replace-lost"), .conflict, "is not lost")
  }

  @Test func `a state directory that was put back is found, and not anchored as if it were none`() throws {
    try anchor("--tcti", tpm.address)
    let copies = ["older", "newer"].map { sandbox.file($0) }
    try FileManager.default.copyItem(atPath: sandbox.state, toPath: copies[0])
    try anchor()
    try FileManager.default.copyItem(atPath: sandbox.state, toPath: copies[1])
    let older = Tool.cvmctl("sim:///", state: copies[0])
    expectRefusal(try older.run(["audit", "verify", "--tpm"]), .corrupt, "rolled back")
    expectRefusal(try older.run(["audit", "anchor", "--tpm"]), .corrupt, "rolled back")
    #expect(try Tool.cvmctl("sim:///", state: copies[1]).run(["audit", "verify", "--tpm"]).status == 0)
    // On purpose it is: then the other one is the older one.
    try older.succeed(["audit", "anchor", "--tpm", "--replace-lost"])
    #expect(try older.run(["audit", "verify", "--tpm"]).status == 0)
    expectRefusal(try verify(), .corrupt, "rolled back")
  }

  @Test func `one from before the first anchor is found, and a log without one said to have none`() throws {
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("head"))
    let status = try #require(try sandbox.object("vault", "status").string("rollback"))
    #expect(status.hasPrefix("detectable with the head of ") && status.hasSuffix("if it was kept elsewhere"))
    expectRefusal(try verify("--tcti", tpm.address), .conflict, "no anchor in a TPM")
    try FileManager.default.copyItem(atPath: sandbox.state, toPath: sandbox.file("copy"))
    try anchor("--tcti", tpm.address)
    let copy = Tool.cvmctl("sim:///", state: sandbox.file("copy"))
    expectRefusal(
      try copy.run(["audit", "verify", "--tpm", "--tcti", tpm.address]), .corrupt, "newest anchor is none")
  }

  @Test func `another TPM, a cleared one and a counter that somebody removed are told apart from a rollback`()
    throws
  {
    try anchor("--tcti", tpm.address)
    let other = try SoftwareTPM()
    expectRefusal(try verify("--tcti", other.address), .attestationRefused, "another TPM")
    let index = try #require(
      try tpm.tool("getcap", "handles-nv-index").stdout.split(separator: "- ").last.map {
        $0.trimmingCharacters(in: .whitespacesAndNewlines)
      })
    #expect(index == "0x1810000")
    try tpm.tool("nvundefine", "-C", "o", index)
    expectRefusal(try verify(), .attestationRefused, "somebody removed it")
    expectRefusal(try sandbox.run("audit", "anchor", "--tpm"), .attestationRefused, "somebody removed it")
    try anchor("--replace-lost")
    #expect(try verify().status == 0)
    // Made anew by somebody, with the log's mark or without: no lower value, so no value that fits.
    try tpm.tool("clear", "-c", "p")
    expectRefusal(try verify(), .attestationRefused, "owner was cleared")
    try anchor("--replace-lost")
    #expect(try verify().status == 0)
  }

  @Test func `a counter that was removed and made anew does not fit an older log`() throws {
    try anchor("--tcti", tpm.address)
    try FileManager.default.copyItem(atPath: sandbox.state, toPath: sandbox.file("copy"))
    try anchor()
    let public_ = try tpm.tool("nvreadpublic", "0x1810000").stdout
    let mark = try #require(public_.firstMatch(of: /authorization policy: ([0-9A-F]{64})/)?.1)
    let policy = sandbox.file("policy")
    try Data(try #require(Self.bytes(String(mark)))).write(to: URL(fileURLWithPath: policy))
    try tpm.tool("nvundefine", "-C", "o", "0x1810000")
    try tpm.tool(
      "nvdefine", "-C", "o", "-a", "ownerread|ownerwrite|authread|authwrite|no_da|nt=counter", "-L", policy,
      "0x1810000")
    let copy = Tool.cvmctl("sim:///", state: sandbox.file("copy"))
    expectRefusal(try copy.run(["audit", "verify", "--tpm"]), .attestationRefused, "somebody removed it")
    try tpm.tool("nvincrement", "-C", "o", "0x1810000")
    expectRefusal(try copy.run(["audit", "verify", "--tpm"]), .corrupt, "rolled back")
  }

  @Test func `a TPM that was put back itself is found`() throws {
    try anchor("--tcti", tpm.address)
    let saved = try tpm.saved()
    try anchor()
    try tpm.restore(saved)
    expectRefusal(try verify(), .attestationRefused, "the TPM itself was put back")
  }

  @Test func `one that is gone, hangs or has a password is an error of its own, and the log goes on`() throws
  {
    try anchor("--tcti", tpm.address)
    tpm.stop()
    expectRefusal(try verify(), .connection, "cannot be reached")
    expectRefusal(try sandbox.run("audit", "anchor", "--tpm"), .connection, "cannot be reached")
    try tpm.restart()
    #expect(try verify().status == 0)
    try tpm.tool("changeauth", "-c", "owner", "secret")
    expectRefusal(try verify(), .permission, "its owner has a password")
    try sandbox.refuses(.usage, "audit", "anchor", "--tpm", "--tcti", "/tmp/x.so")
    try sandbox.refuses(.usage, "audit", "anchor", "--tcti", tpm.address, "--out", sandbox.file("x"))
    try sandbox.refuses(.usage, "audit", "anchor")
    try sandbox.refuses(.usage, "audit", "anchor", "--tpm", "--out", sandbox.file("x"))
    try sandbox.refuses(.usage, "audit", "anchor", "--out", sandbox.file("x"), "--replace-lost")
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("x")))
  }

  @Test func `killed before or after the counter is raised, the next anchor goes on`() throws {
    try anchor("--tcti", tpm.address)
    for step in 1...80 {
      let outcome = try Tool("/usr/bin/strace", environment: sandbox.cvmctl.environment).run(
        [
          "-f", "-qq", "-o", "/dev/null", "-e",
          "inject=fdatasync,fsync,sendto,write:signal=KILL:when=\(step)",
        ]
          + [sandbox.cvmctl.path] + sandbox.cvmctl.arguments + ["audit", "anchor", "--tpm"])
      // As a resource manager does for who dies.
      for kind in ["-t", "-l", "-s"] { try tpm.tool("flushcontext", kind) }
      let found = try verify()
      #expect(found.status == 0, "step \(step): \(found)")
      if outcome.status == 0 { return try expectGoingOn() }
    }
    Issue.record("it was killed at each of its first 80 calls")
  }

  private func expectGoingOn() throws {
    try anchor()
    #expect(try verify().status == 0)
    #expect(try sandbox.run("audit", "verify").status == 0)
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    let pairs = stride(from: 0, to: text.count, by: 2).map { text.dropFirst($0).prefix(2) }
    let bytes = pairs.compactMap { UInt8($0, radix: 16) }
    return bytes.count == pairs.count ? bytes : nil
  }
}
