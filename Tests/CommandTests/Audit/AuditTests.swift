import Foundation
import TestHarness
import Testing

@Suite("audit log") struct AuditTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.succeed("policy", "create", "web", "0x3", "--type", "sev")
    try sandbox.succeed("policy", "delete", "web")
  }

  @Test func `lists what was done, by act, time and number`() throws {
    let all = try sandbox.list("audit", "list")
    #expect(all.compactMap { $0.string("act") } == ["policy.create", "policy.delete"])
    #expect(all.allSatisfy { $0.string("object") == "web" && $0.string("outcome") == "done" })
    #expect(try sandbox.list("audit", "list", "--limit", "1").map { $0.string("act") } == ["policy.delete"])
    #expect(try sandbox.list("audit", "list", "--act", "policy.create").count == 1)
    #expect(try sandbox.list("audit", "list", "--act", "policy").count == 2)
    #expect(try sandbox.list("audit", "list", "--act", "polic").isEmpty)
    #expect(try sandbox.list("audit", "list", "--since", "1h").count == 2)
    #expect(try sandbox.list("audit", "list", "--until", "1h").isEmpty)
    #expect(try sandbox.list("audit", "list", "--guest", "web").isEmpty)
    try sandbox.define(GuestText("web"))
    #expect(
      try sandbox.list("audit", "list", "--guest", "web").compactMap { $0.string("phase") } == [
        "attempt", "outcome",
      ])
    try sandbox.refuses(.usage, "audit", "list", "--since", "yesterday")
    try sandbox.refuses(.usage, "audit", "list", "--limit", "0")
  }

  @Test func `a tenant sees its own records alone, as if there were no others`() throws {
    try sandbox.succeed("tenant", "create", "acme")
    let own = try sandbox.list("--tenant", "acme", "audit", "list")
    #expect(own.compactMap { $0.string("act") } == ["tenant.create"])
    let exported = try sandbox.succeed("--tenant", "acme", "audit", "export").stdout
    #expect(exported.split(separator: "\n").count == 1 && !exported.contains("default"))
    for number in ["2", "999"] {
      try sandbox.refuses(.notFound, "--tenant", "acme", "audit", "show", number)
      try sandbox.refuses(
        .notFound, "--tenant", "acme", "audit", "prove", number, "--out", sandbox.file("proof"))
    }
    try sandbox.refuses(.notFound, "audit", "show", "1")
    #expect(try sandbox.object("audit", "show", "1", "--all-tenants").string("act") == "state.create")
    #expect(try sandbox.list("audit", "list", "--all-tenants").count == 4)
  }

  @Test func `a record is proven without the store, and no other passes for it`() throws {
    let (proof, record) = (sandbox.file("proof"), sandbox.file("record"))
    let key = try sandbox.succeed("audit", "key").stdout.trimmingCharacters(in: .newlines)
    try sandbox.succeed("audit", "prove", "2", "--out", proof, "--record", record)
    try sandbox.refuses(.conflict, "audit", "prove", "2", "--out", proof)
    let verify = ["audit", "verify", "--proof", proof, "--record", record, "--key", key]
    let elsewhere = Tool.cvmctl("sim:///", state: sandbox.file("nowhere"))
    #expect(try elsewhere.succeed(verify).stdout.contains("Record:   2"))
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("nowhere")))
    let exported = try sandbox.succeed("audit", "export", "--act", "policy.create").stdout
    #expect(try String(contentsOfFile: record, encoding: .utf8) == exported)
    try exported.replacing("web", with: "wob").write(toFile: record, atomically: false, encoding: .utf8)
    expect(try elsewhere.run(verify), is: .attestationRefused)
    let stranger = try elsewhere.succeed(["audit", "key"]).stdout.trimmingCharacters(in: .newlines)
    try exported.write(toFile: record, atomically: false, encoding: .utf8)
    expect(try elsewhere.run(Array(verify.dropLast()) + [stranger]), is: .attestationRefused)
    try sandbox.refuses(.usage, "audit", "verify", "--proof", proof)
    try sandbox.refuses(.usage, "audit", "verify", "--proof", proof, "--record", record, "--key", "x")
  }

  @Test func `a rollback of everything is found with an anchor, and said to be undetectable without`() throws
  {
    let state = try #require(try sandbox.list("config", "show").first { $0.string("key") == "state-dir" })
    let path = try #require(state.string("value"))
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("old"))
    try FileManager.default.copyItem(atPath: path, toPath: sandbox.file("copy"))
    try sandbox.succeed("policy", "create", "late", "0x3", "--type", "sev")
    try sandbox.succeed("audit", "anchor", "--out", sandbox.file("new"))
    for anchor in ["old", "new"] {
      let found = try sandbox.object("audit", "verify", "--anchor", sandbox.file(anchor))
      #expect(found.flag("rollbackDetectable") == true && found.flag("keyConfirmed") == true)
    }
    let copy = Tool.cvmctl("sim:///", state: sandbox.file("copy"))
    #expect(try copy.succeed(["audit", "verify"]).stderr.contains("not detectable"))
    #expect(try copy.succeed(["audit", "verify", "--anchor", sandbox.file("old")]).status == 0)
    let outcome = try copy.run(["audit", "verify", "--anchor", sandbox.file("new")])
    expect(outcome, is: .corrupt)
    #expect(outcome.stderr.contains("rolled back"))
    let other = Tool.cvmctl("sim:///", state: sandbox.file("other"))
    expect(try other.run(["audit", "verify", "--anchor", sandbox.file("new")]), is: .corrupt)
    let key = try sandbox.succeed("audit", "key").stdout.trimmingCharacters(in: .newlines)
    expect(try other.run(["audit", "verify", "--key", key]), is: .corrupt)
    #expect(try sandbox.succeed("audit", "verify", "--key", key).status == 0)
    try sandbox.refuses(.usage, "audit", "verify", "--anchor", sandbox.file("copy/state.db"))
  }

  @Test func `exports lines that other systems read`() throws {
    let cef = try sandbox.succeed("audit", "export", "--format", "cef").stdout.split(separator: "\n")
    #expect(cef.count == 2)
    #expect(
      cef[0].hasPrefix("CEF:0|cvmctl|cvmctl|") && cef[0].contains("|policy.create|policy.create act|3|rt="))
    #expect(cef[0].contains(" cs1Label=tenant cs1=default cs2Label=object cs2=web outcome=done msg={"))
    let syslog = try sandbox.succeed("audit", "export", "--format", "syslog").stdout.split(separator: "\n")
    #expect(syslog.count == 2)
    for line in syslog {
      #expect(line.firstMatch(of: /^<110>1 \S+Z \S+ cvmctl - policy\.\w+ - \{"v":1,.*\}$/) != nil)
    }
    try sandbox.refuses(.usage, "audit", "export", "--format", "xml")
  }
}
