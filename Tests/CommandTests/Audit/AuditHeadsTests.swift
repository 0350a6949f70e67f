import Foundation
import TestHarness
import Testing

/// Heads that another host keeps, the keys that sign them, and proofs from one to the next.
@Suite("audit heads") struct AuditHeadsTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.succeed("policy", "create", "web", "0x3", "--type", "sev")
  }

  private func head() throws -> String { try sandbox.succeed("audit", "anchor", "--out", "-").stdout }

  /// The keys that verify the log now, in a file.
  private func keys(_ name: String) throws -> String {
    try sandbox.directory.write(try sandbox.succeed("audit", "key").stdout, to: name)
  }

  private func write(_ text: String, _ name: String) throws -> String {
    try sandbox.directory.write(text, to: name)
  }

  /// Runs a shell's line with `cvmctl` bound to the sandbox, as the manual writes it.
  private func shell(_ line: String) throws -> Outcome {
    let words = ([Program.cvmctl] + sandbox.cvmctl.arguments).joined(separator: " ")
    return try Tool("/bin/bash", environment: sandbox.cvmctl.environment).run([
      "-c",
      "cvmctl() { \(words) \"$@\"; }; ssh() { shift; /bin/sh -c \"$*\"; }; cd '\(sandbox.directory.path)'; \(line)",
    ])
  }

  @Test func `another host keeps them in one file, and each is compared`() throws {
    for _ in 0..<3 {
      let kept = try shell("cvmctl audit anchor --out - | ssh witness 'cat >> heads'")
      #expect(kept.status == 0, "\(kept)")
    }
    let found = try shell("ssh witness cat heads | cvmctl audit verify --anchor - -o json")
    #expect(try found.status == 0 && found.object().flag("rollbackDetectable") == true, "\(found)")
    let heads = try String(contentsOfFile: sandbox.file("heads"), encoding: .utf8)
    let newest = try sandbox.object("audit", "verify", "--anchor", sandbox.file("heads"))
    #expect(newest.number("anchoredRecords") == newest.number("signedRecords"))
    // Any one of them that is not of this log is found, the last or not.
    let other = Tool.cvmctl("sim:///", state: sandbox.file("other"))
    let foreign = try other.succeed(["audit", "anchor", "--out", "-"]).stdout
    for text in [foreign + heads, heads + foreign] {
      let outcome = try sandbox.run("audit", "verify", "--anchor", try write(text, "mixed"))
      expect(outcome, is: .corrupt)
      #expect(outcome.stderr.contains("mixed: head \(text.hasPrefix(heads) ? 4 : 1)"), "\(outcome)")
    }
    // One that says another size for what was signed.
    let lines = heads.split(separator: "\n", omittingEmptySubsequences: false)
    let size = try #require(Int(lines[1]))
    let changed = ([lines[0], "\(size + 1)"] + lines[2...]).joined(separator: "\n")
    expect(
      try sandbox.run("audit", "verify", "--anchor", try write(changed, "changed")), is: .attestationRefused)
    for text in ["", heads + "x", "\n" + heads, heads + "\n"] {
      expect(try sandbox.run("audit", "verify", "--anchor", try write(text, "no-heads")), is: .usage)
    }
  }

  @Test func `of fresh keys follow those of the old ones, which is seen with a key from before`() throws {
    let old = try keys("old")
    let before = try write(try head(), "before")
    try sandbox.succeed(
      "audit", "prove", "2", "--out", sandbox.file("proof"), "--record", sandbox.file("record"))
    let shown = try sandbox.succeed("audit", "rekey").stdout
    let new = try keys("new")
    #expect(try String(contentsOfFile: new, encoding: .utf8) == shown)
    #expect(try String(contentsOfFile: old, encoding: .utf8) != shown)
    try sandbox.succeed("audit", "rekey")
    let newest = try keys("newest")
    try sandbox.succeed("policy", "create", "late", "0x3", "--type", "sev")
    let after = try write(try head(), "after")
    for key in [old, new, newest] {
      for anchor in [before, after] {
        let found = try sandbox.object("audit", "verify", "--key", key, "--anchor", anchor)
        #expect(found.flag("keyConfirmed") == true && found.number("heads") ?? 0 >= 5)
      }
    }
    // What the old keys signed is checked with them, and with no others.
    let verify = ["audit", "verify", "--proof", sandbox.file("proof"), "--record", sandbox.file("record")]
    #expect(try sandbox.bare.succeed(verify + ["--key", old]).status == 0)
    expect(try sandbox.bare.run(verify + ["--key", new]), is: .attestationRefused)
    #expect(try sandbox.succeed("state", "check").status == 0)
    try sandbox.succeed("vault", "rekey", "--new-root", "--seal", "file")
    #expect(try sandbox.run("audit", "verify", "--key", old).status == 0)
    #expect(try sandbox.list("audit", "list", "--all-tenants", "--act", "audit.rekey").count == 2)
    try sandbox.succeed("tenant", "create", "acme")
    try sandbox.succeed("tenant", "token", "create", "acme", "--out", sandbox.file("token"))
    var holder = sandbox.cvmctl
    holder.environment["CVMCTL_TOKEN_FILE"] = sandbox.file("token")
    expect(try holder.run("audit", "rekey"), is: .permission)
  }

  @Test func `of a key that nobody named are found with one from before`() throws {
    let old = try keys("old")
    _ = try head()
    // The root key is lost: the old keys could not sign that others take their place.
    try sandbox.succeed("key", "create", "k")
    try FileManager.default.removeItem(atPath: sandbox.state + "/vault/root.key")
    try sandbox.succeed("vault", "init", "--seal", "file", "--replace-lost")
    #expect(try sandbox.run("audit", "verify").status == 0)
    _ = try head()
    #expect(try sandbox.run("audit", "verify", "--key", try keys("new")).status == 0)
    let outcome = try sandbox.run("audit", "verify", "--key", old)
    expect(outcome, is: .corrupt)
    #expect(outcome.stderr.contains("did not sign that"), "\(outcome)")
  }

  @Test func `prove that the log goes on from an older one, to who has them and the keys alone`() throws {
    let first = try write(try head(), "first")
    let keys = try keys("keys")
    for name in ["a", "b", "c"] { try sandbox.succeed("policy", "create", name, "0x3", "--type", "sev") }
    let second = try write(try head(), "second")
    try sandbox.succeed("policy", "create", "d", "0x3", "--type", "sev")
    let proof = sandbox.file("proof")
    let shown = try sandbox.object("audit", "prove", "--from", first, "--to", second, "--out", proof)
    let (old, new) = (shown.number("oldSize") ?? 0, shown.number("size") ?? 0)
    #expect(new == old + 4)
    let text = try String(contentsOfFile: proof, encoding: .utf8)
    #expect(text.hasPrefix("old \(old)\n"))
    #expect(try text.hasSuffix("\n\n" + String(contentsOfFile: second, encoding: .utf8)))
    let verify = ["audit", "verify", "--proof", proof, "--from", first, "--key", keys]
    let elsewhere = Tool.cvmctl("sim:///", state: sandbox.file("nowhere"))
    #expect(try elsewhere.succeed(verify + ["-o", "json"]).object().number("size") == new)
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("nowhere")))
    // Another older head, a hash less, another key.
    expect(try elsewhere.run(verify.map { $0 == first ? second : $0 }), is: .attestationRefused)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    lines.remove(at: 1)
    try lines.joined(separator: "\n").write(toFile: proof, atomically: false, encoding: .utf8)
    expect(try elsewhere.run(verify), is: .attestationRefused)
    let stranger = try elsewhere.succeed(["audit", "key"]).stdout
    expect(try elsewhere.run(verify.dropLast() + [try write(stranger, "stranger")]), is: .attestationRefused)
    // A log that was put back does not go on from a newer head.
    try FileManager.default.copyItem(atPath: sandbox.state, toPath: sandbox.file("copy"))
    let later = try write(try head(), "later")
    let copy = Tool.cvmctl("sim:///", state: sandbox.file("copy"))
    let outcome = try copy.run(["audit", "prove", "--from", later, "--out", sandbox.file("none")])
    expect(outcome, is: .corrupt)
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("none")))
    try sandbox.refuses(
      .usage, "audit", "prove", "--from", second, "--to", first, "--out", sandbox.file("none"))
    try sandbox.refuses(.usage, "audit", "prove", "--out", sandbox.file("none"))
    try sandbox.refuses(.usage, "audit", "prove", "2", "--from", first, "--out", sandbox.file("none"))
    try sandbox.refuses(.usage, "audit", "verify", "--proof", proof, "--from", first)
    try sandbox.refuses(.conflict, "audit", "prove", "--from", first, "--out", proof)
  }

  @Test func `are checked with keys as text and in a file`() throws {
    let file = try keys("keys")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    for key in [file, text, String(text.dropLast())] {
      #expect(try sandbox.run("audit", "verify", "--key", key).status == 0)
    }
    try sandbox.refuses(.notFound, "audit", "verify", "--key", sandbox.file("none"))
    try sandbox.refuses(.usage, "audit", "verify", "--key", "a+b+c")
    for text in ["", text + "\n", "x\n"] {
      let outcome = try sandbox.run("audit", "verify", "--key", try write(text, "no-keys"))
      expect(outcome, is: .usage)
      #expect(outcome.stderr.contains("no-keys: verifier key"), "\(outcome)")
    }
  }
}
