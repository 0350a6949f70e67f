import Foundation
import TestHarness
import Testing

@Suite("launch records") struct LaunchRecordTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `show has every key of the contract, with values of its kind`() throws {
    try sandbox.define(GuestText("web1", launch: "{type: sev-es}"))
    try sandbox.succeed("start", "web1")
    let record = try sandbox.object("launch", "show", "web1")
    let texts = [
      "id", "guest", "uuid", "tenant", "host", "backend", "trust", "type", "policy", "apiVersion",
      "expectedDigest", "expectedMeasurement", "measurement", "nonce", "verdict", "outcome", "startedAt",
      "endedAt",
    ]
    for key in texts { #expect(record.string(key)?.isEmpty == false, "\(key)") }
    #expect(record.flag("simulated") == true)
    #expect(record.number("buildId") != nil && record.number("secretsInjected") == 0)
    #expect(record.list("differences")?.isEmpty == true)
    #expect(record.string("backend") == "simulated" && record.string("trust") == "local")
    #expect(record.string("policy") == "0x00000007" && record.string("type") == "sev-es")
    #expect(record.string("verdict") == "match" && record.string("outcome") == "running")
    #expect(record.string("expectedMeasurement") == record.string("measurement"))
    let api = try #require(record.string("apiVersion")).split(separator: ".")
    #expect(api.count == 2 && api.allSatisfy { UInt8($0) != nil })
    for (key, count) in [("expectedDigest", 64), ("measurement", 64), ("nonce", 32)] {
      let text = record.string(key) ?? ""
      #expect(text.count == count && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }, "\(key)")
    }
    for key in ["startedAt", "endedAt"] {
      let time = record.string(key) ?? ""
      #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) != nil, "\(time)")
    }
    let steps = try #require(record.list("steps") as? [[String: Any]])
    #expect(
      steps.compactMap { $0["name"] as? String } == [
        "definition", "policy", "expected-digest", "session", "start-paused", "measurement", "appraisal",
        "resume", "record",
      ])
    for step in steps {
      #expect(Set(step.keys) == ["name", "startedAt", "seconds", "outcome"])
      #expect(step["outcome"] as? String == "ok" && (step["seconds"] as? Double ?? -1) >= 0)
    }
  }

  @Test func `a launch that was refused before its start is on record too`() throws {
    try sandbox.define(GuestText("web1", launch: "{type: sev, policy: 0x1}"))
    try sandbox.refuses(.policyViolation, "start", "web1")
    let record = try sandbox.object("launch", "show", "web1")
    #expect(record.string("verdict") == "pending" && record.string("outcome") == "failed")
    #expect(record.values["measurement"] is NSNull)
    let steps = try #require(record.list("steps") as? [[String: Any]])
    #expect(steps.last?["name"] as? String == "policy" && steps.last?["outcome"] as? String == "failed")
  }

  @Test func `history lists the latest first, of one guest or of all`() throws {
    for name in ["a", "b"] { try sandbox.define(GuestText(name)) }
    for name in ["a", "b", "a"] {
      try sandbox.succeed("start", name)
      try sandbox.succeed("destroy", name)
    }
    #expect(try sandbox.list("launch", "history").map { $0.string("guest") } == ["a", "b", "a"])
    #expect(try sandbox.list("launch", "history", "b").count == 1)
    #expect(try sandbox.list("launch", "history", "--limit", "2").count == 2)
    #expect(try sandbox.list("launch", "history", "a").allSatisfy { $0.string("outcome") == "destroyed" })
    try sandbox.refuses(.notFound, "launch", "history", "nosuch")
    try sandbox.refuses(.notFound, "launch", "show", "nosuch")
    try sandbox.define(GuestText("c"))
    try sandbox.refuses(.notFound, "launch", "show", "c")
  }

  @Test func `every launch has keys, nonce and measurement of its own`() throws {
    try sandbox.define(GuestText("web1"))
    var seen: Set<String> = []
    for _ in 0..<3 {
      let record = try sandbox.object("start", "web1")
      seen.formUnion([record.string("measurement")!, record.string("nonce")!, record.string("id")!])
      try sandbox.succeed("destroy", "web1")
    }
    #expect(seen.count == 9)
  }

  @Test func `what a policy leaves open stays visible`() throws {
    try sandbox.define(GuestText("open1", launch: "{type: sev, policy: 0x0}"))
    let record = try sandbox.object("start", "open1", "--allow-debug", "--allow-key-sharing")
    #expect(record.flag("allowsDebug") == true && record.flag("allowsKeySharing") == true)
    #expect(try sandbox.succeed("list", "-o", "wide").stdout.contains("debug,key-sharing"))
    #expect(try sandbox.succeed("launch", "show", "open1").stdout.contains("Debugging:"))
    #expect(try sandbox.succeed("launch", "history", "-o", "wide").stdout.contains("debug,key-sharing"))
  }

  @Test func `an unattestable launch says so everywhere`() throws {
    try sandbox.define(GuestText("web1"))
    let started = try sandbox.succeed("start", "web1", "--unattestable")
    #expect(started.stdout.contains("unattestable"), "\(started.stdout)")
    let record = try sandbox.object("launch", "show", "web1")
    #expect(record.flag("attestable") == false && record.string("verdict") != "match", "\(record)")
    #expect(try sandbox.succeed("launch", "show", "web1").stdout.contains("NONE"))
    try sandbox.refuses(.conflict, "launch", "verify", "web1")
  }

  @Test func `one tenant's launches are another's not found`() throws {
    try sandbox.define(GuestText("web1"))
    let id = try #require(try sandbox.object("start", "web1").string("id"))
    try sandbox.succeed("tenant", "create", "other")
    for words in [
      ["launch", "show", id], ["launch", "show", "web1"], ["launch", "verify", "web1"], ["domstate", "web1"],
      ["destroy", "web1"], ["dumpxml", "web1"], ["undefine", "web1"], ["launch", "history", "web1"],
      ["measure", "--guest", "web1"], ["sim", "memory", "web1"], ["domlaunchsecinfo", "web1"],
    ] {
      try sandbox.refuses(.notFound, words + ["-t", "other"])
    }
    #expect(try sandbox.list("list", "--all", "-t", "other").isEmpty)
    #expect(try sandbox.list("launch", "history", "-t", "other").isEmpty)
  }
}
