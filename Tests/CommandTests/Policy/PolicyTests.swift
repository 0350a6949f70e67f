import TestHarness
import Testing

@Suite("policies") struct PolicyTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `the built-in ones forbid debugging and key sharing`() throws {
    let policies = try sandbox.list("policy", "list")
    #expect(
      policies.map { "\($0.string("name")!) \($0.string("type")!) \($0.string("value")!)" } == [
        "default sev 0x00000003", "default sev-es 0x00000007", "default sev-snp 0x0000000000030000",
        "strict sev 0x0000000b", "strict sev-es 0x0000000f", "strict sev-snp 0x0000000000120000",
      ])
    for policy in policies {
      #expect(policy.flag("builtIn") == true && policy.flag("allowsDebug") == false)
      #expect(policy.flag("allowsKeySharing") == false)
    }
  }

  @Test func `explain says bit by bit what a number means, and warns`() throws {
    let explained = try sandbox.object("policy", "explain", "0x5")
    #expect(explained.object("policy")?.string("value") == "0x00000005")
    #expect(explained.object("policy")?.string("type") == "sev-es")
    let bits = try #require(explained.list("bits") as? [[String: Any]])
    #expect(bits.compactMap { $0["name"] as? String } == ["NODBG", "NOKS", "ES", "NOSEND", "DOMAIN", "SEV"])
    #expect(bits.compactMap { $0["set"] as? Bool } == [true, false, true, false, false, false])
    #expect((explained.list("warnings") as? [String])?.count == 1)
    #expect(try sandbox.succeed("policy", "explain", "0x5").stdout.contains("warning: NOKS is clear"))
    #expect(
      try sandbox.succeed("policy", "explain", "0x01330007", "--type", "sev-es").stdout.contains(
        "probably swapped"))
    #expect(try sandbox.object("policy", "explain", "0x30000").object("policy")?.string("type") == "sev-snp")
    #expect(
      try sandbox.object("policy", "explain", "5", "--type", "sev-snp").object("policy")?.string("value")
        == "0x0000000000000005")
  }

  @Test func `a policy is created, shown, edited in versions, and deleted`() throws {
    let made = try sandbox.object("policy", "create", "web", "NODBG,NOKS", "--type", "sev", "--note", "first")
    #expect(made.string("value") == "0x00000003" && made.number("version") == 1)
    try sandbox.refuses(.conflict, "policy", "create", "web", "0x3", "--type", "sev")
    let edited = try sandbox.object("policy", "edit", "web", "0xb")
    #expect(edited.number("version") == 2 && edited.string("note") == "first")
    #expect(try sandbox.object("policy", "show", "web").string("value") == "0x0000000b")
    #expect(try sandbox.object("policy", "show", "web@1").string("value") == "0x00000003")
    #expect(try sandbox.list("policy", "list").count == 7)
    #expect(try sandbox.list("policy", "list", "--versions").count == 8)
    try sandbox.refuses(.notFound, "policy", "show", "web@3")
    try sandbox.refuses(.conflict, "policy", "edit", "web", "0x7", "--type", "sev-es")
    try sandbox.succeed("policy", "delete", "web")
    try sandbox.refuses(.notFound, "policy", "show", "web")
    try sandbox.refuses(.notFound, "policy", "delete", "web")
  }

  @Test func `a guest keeps the version that it was defined with`() throws {
    try sandbox.succeed("policy", "create", "web", "0x3", "--type", "sev")
    try sandbox.define(GuestText("web1", launch: "{type: sev, policy: web}"))
    try sandbox.succeed("policy", "edit", "web", "0xb")
    #expect(try sandbox.object("start", "web1").string("policy") == "0x00000003")
    try sandbox.refuses(.conflict, "policy", "delete", "web")
    try sandbox.succeed("destroy", "web1")
    try sandbox.define(GuestText("web1", launch: "{type: sev, policy: web}"))
    #expect(try sandbox.object("start", "web1").string("policy") == "0x0000000b")
  }

  @Test func `built-in ones cannot be changed, and their names cannot be taken`() throws {
    try sandbox.refuses(.conflict, "policy", "edit", "default", "0x1")
    try sandbox.refuses(.conflict, "policy", "delete", "strict")
    try sandbox.refuses(.conflict, "policy", "create", "default", "0x3", "--type", "sev")
  }

  @Test(arguments: [
    ("0x", Refusal.usage), ("0x1ffffffff --type sev", .usage), ("99999999999999999999", .usage),
    ("NODBG,NOSUCH", .usage), ("-1", .usage), ("0x40 --type sev", .policyViolation),
    ("0x7 --type sev", .policyViolation), ("0x3 --type sev-es", .policyViolation),
    ("0x0 --type sev-snp", .policyViolation), ("0x3 --type tdx", .usage), ("nosuch", .notFound),
    ("nosuch@x", .usage), ("default", .usage),
  ]) func `values that no firmware takes make no policy`(_ value: String, _ refusal: Refusal) throws {
    try sandbox.succeed("policy", "list")
    try sandbox.refusesUntouched(
      refusal, ["policy", "create", "bad"] + value.split(separator: " ").map(String.init))
  }

  @Test(arguments: ["Upper", "1digit", "a_b", "", "a/b", "\u{1B}[2J", "ab\ncd", "ü", "-x"])
  func `names that could be taken for something else are refused`(_ name: String) throws {
    try sandbox.refuses(.usage, "policy", "create", "--type", "sev", "--", name, "0x3")
  }

  @Test func `check says by its exit code whether a launch would be refused`() throws {
    #expect(try sandbox.succeed("policy", "check", "0x3").stdout.contains("may be launched"))
    try sandbox.refuses(.policyViolation, "policy", "check", "0x1")
    try sandbox.succeed("policy", "check", "0x1", "--allow-key-sharing")
    try sandbox.refuses(.policyViolation, "policy", "check", "0x2")
    try sandbox.refuses(.policyViolation, "policy", "check", "0x0", "--allow-debug")
    try sandbox.succeed("policy", "check", "0x0", "--allow-debug", "--allow-key-sharing")
    try sandbox.refuses(.policyViolation, "policy", "check", "0x40")
    try sandbox.refuses(.notFound, "policy", "check", "nosuch")
    try sandbox.define(GuestText("open1", launch: "{type: sev, policy: 0x1}"))
    try sandbox.refuses(.policyViolation, "policy", "check", "open1")
  }
}
