import Foundation
import TestHarness
import Testing

@Suite("a guest's life") struct LifecycleTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func states() throws -> [String: String] {
    let guests = try sandbox.list("list", "--all")
    return Dictionary(
      uniqueKeysWithValues: guests.map { ($0.string("name") ?? "", $0.string("state") ?? "") })
  }

  @Test func `goes from define to undefine by virsh's verbs`() throws {
    try sandbox.define(GuestText("web1"))
    #expect(try states() == ["web1": "shut off"])
    #expect(try sandbox.succeed("list").stdout == "NAME   ID   STATE   TYPE\n")

    let started = try sandbox.succeed("start", "web1")
    #expect(
      started.stdout == "Guest 'web1' started (sev, measurement matches, trust: local, simulated)\n")
    #expect(try states() == ["web1": "running"])
    #expect(try sandbox.succeed("suspend", "web1").stdout == "Guest 'web1' suspended\n")
    #expect(try states() == ["web1": "paused"])
    #expect(try sandbox.succeed("resume", "web1").stdout == "Guest 'web1' resumed\n")
    #expect(try sandbox.succeed("shutdown", "web1").stdout == "Guest 'web1' is being shut down\n")
    #expect(try states() == ["web1": "shut off"])

    try sandbox.succeed("start", "web1")
    #expect(try sandbox.succeed("destroy", "web1").stdout == "Guest 'web1' destroyed\n")
    #expect(try sandbox.succeed("undefine", "web1").stdout == "Guest 'web1' undefined\n")
    #expect(try states().isEmpty)
  }

  @Test func `create defines and starts`() throws {
    let file = try sandbox.directory.write(GuestText("web1").yaml, to: "web1.yaml")
    let record = try sandbox.object("create", file)
    #expect(record.string("outcome") == "running")
    #expect(record.string("verdict") == "match")
    #expect(try states() == ["web1": "running"])
  }

  @Test(arguments: ["sev", "sev-es"]) func `a reset of a guest that was made for a launch ends it`(
    _ type: String
  ) throws {
    try sandbox.define(GuestText("web1", launch: "{type: \(type)}"))
    for verb in ["reboot", "reset"] {
      try sandbox.succeed("start", "web1")
      try sandbox.succeed(verb, "web1")
      #expect(try states() == ["web1": "shut off"], "\(verb)")
    }
  }

  @Test func `a guest without launch security is managed and called not confidential`() throws {
    try sandbox.define(GuestText("plain", launch: nil))
    let started = try sandbox.succeed("start", "plain")
    #expect(started.stdout.contains("not confidential"), "\(started.stdout)")
    #expect(try sandbox.succeed("list").stdout.contains("not confidential"))
    let guest = try sandbox.list("list")[0]
    #expect(guest.flag("confidential") == false)
    #expect(guest.values["type"] is NSNull)
    try sandbox.succeed("reboot", "plain")
    #expect(try states() == ["plain": "running"])
    try sandbox.refuses(.notFound, "launch", "show", "plain")
  }

  @Test func `a guest is found by name, by id and by UUID`() throws {
    try sandbox.define(GuestText("web1"))
    try sandbox.succeed("start", "web1")
    let guest = try sandbox.list("list")[0]
    let (uuid, id) = (try #require(guest.string("uuid")), try #require(guest.number("id")))
    for name in ["web1", uuid, uuid.uppercased(), String(id)] {
      #expect(try sandbox.succeed("domname", name).stdout == "web1\n")
      #expect(try sandbox.succeed("domuuid", name).stdout == uuid + "\n")
      #expect(try sandbox.succeed("domid", name).stdout == "\(id)\n")
    }
    #expect(try sandbox.succeed("domstate", "web1").stdout == "running\n")
    #expect(try sandbox.succeed("domstate", "--reason", "web1").stdout.hasPrefix("running ("))
    try sandbox.succeed("destroy", String(id))
    #expect(try sandbox.succeed("domid", "web1").stdout == "-\n")
  }

  @Test func `several guests are acted on at once, by name, all of them or by label`() throws {
    for (name, role) in [("a", "web"), ("b", "web"), ("c", "db")] {
      try sandbox.define(GuestText(name, launch: nil, more: "labels: {role: \(role)}"))
    }
    try sandbox.succeed("start", "a", "c")
    #expect(try states() == ["a": "running", "b": "shut off", "c": "running"])
    try sandbox.succeed("destroy", "--label", "role=web")
    #expect(try states() == ["a": "shut off", "b": "shut off", "c": "running"])
    try sandbox.succeed("start", "--all", "--jobs", "4")
    #expect(try states() == ["a": "running", "b": "running", "c": "running"])
    #expect(try sandbox.list("list", "--label", "role=web").count == 2)
    try sandbox.succeed("destroy", "--all")
    try sandbox.succeed("undefine", "--all")
    #expect(try states().isEmpty)
  }

  @Test func `one guest's failure does not keep the others from being tried`() throws {
    for name in ["a", "b", "c"] { try sandbox.define(GuestText(name, launch: nil)) }
    try sandbox.succeed("start", "b")
    let outcome = try sandbox.run("-o", "json", "start", "a", "b", "c", "nosuch")
    #expect(outcome.status == 4, "\(outcome)")
    let failures = try outcome.errorObject().object("details")?.list("failures") as? [[String: Any]]
    #expect(failures?.compactMap { $0["exit"] as? Int } == [4, 3], "\(outcome.stderr)")
    #expect(outcome.stdout.isEmpty)
    let succeeded = try outcome.errorObject().object("details")?.list("succeeded") as? [String]
    #expect(succeeded == ["a", "c"])
    #expect(try states() == ["a": "running", "b": "running", "c": "running"])
    let told = try sandbox.run("destroy", "a", "nosuch", "c")
    #expect(told.status == 3 && told.stdout == "Guest 'a' destroyed\nGuest 'c' destroyed\n", "\(told)")
    #expect(told.stderr == "cvmctl: error: no guest 'nosuch'\n")
  }

  @Test func `what is no guest's own fault is said once`() throws {
    for name in ["b", "c"] { try sandbox.directory.write(GuestText(name, launch: nil).yaml, to: name) }
    let words = ["define", sandbox.file("b"), sandbox.file("c")]
    let told = try sandbox.cvmctl.run(["-c", "sim:///nowhere"] + words)
    #expect(told.status == 6, "\(told)")
    #expect(
      told.stderr == "cvmctl: error: cannot reach sim:///nowhere: there is no simulated host 'nowhere'\n")
    let document = try sandbox.cvmctl.run(["-c", "sim:///nowhere", "-o", "json"] + words)
    let failures = try document.errorObject().object("details")?.list("failures")
    #expect(failures?.count == 2, "\(document)")
  }

  @Test func `one guest by its name is an object, a choice of guests a list`() throws {
    try sandbox.define(GuestText("a", launch: nil))
    #expect(try sandbox.object("start", "a").string("state") == "running")
    #expect(try sandbox.list("destroy", "--all").count == 1)
    #expect(try sandbox.list("destroy", "--all").isEmpty)
    for name in ["b", "c"] { try sandbox.directory.write(GuestText(name, launch: nil).yaml, to: name) }
    let plans = try sandbox.list("define", "--dry-run", sandbox.file("b"), sandbox.file("c"))
    #expect(plans.map { $0.string("name") } == ["b", "c"])
  }

  @Test func `a guest file without a UUID defines the same guest again`() throws {
    for launch in [nil, "{type: sev}"] {
      let file = try sandbox.directory.write(GuestText("a", launch: launch).yaml, to: "a.yaml")
      let uuid = try sandbox.object("define", file).string("uuid")
      #expect(try sandbox.object("define", file).string("uuid") == uuid)
    }
  }

  @Test func `a domain's XML can be defined, and comes back as it was`() throws {
    try sandbox.define(GuestText("web1", more: "labels: {role: web}"))
    let xml = try sandbox.succeed("dumpxml", "web1").stdout
    try sandbox.succeed("undefine", "web1")
    let again = try sandbox.cvmctl.run(["define", "-"], stdin: Data(xml.utf8))
    #expect(again.status == 0, "\(again.stderr)")
    // The document has the policy's number: its name is the store's.
    let policy = "<cvmctl:policy name='default' version='0'/>"
    #expect(xml.contains(policy))
    #expect(
      try sandbox.succeed("dumpxml", "web1").stdout
        == xml.replacing(policy, with: "<cvmctl:policy name='0x00000003' version='0'/>"))
    #expect(try sandbox.list("list", "--all")[0].object("labels")?.string("role") == "web")
    try sandbox.succeed("start", "web1")
  }

  @Test func `a dry run prints the domain and changes nothing`() throws {
    let before = try sandbox.snapshot()
    let file = try sandbox.directory.write(GuestText("web1").yaml, to: "web1.yaml")
    let xml = try sandbox.succeed("define", "--dry-run", file).stdout
    let after = try sandbox.snapshot()
    #expect(before.keys.filter { $0.hasPrefix("sim") }.allSatisfy { before[$0] == after[$0] })
    #expect(xml.hasPrefix("<domain type='qemu'>\n"))
    #expect(xml.contains("<launchSecurity type='sev'>"))
    #expect(try states().isEmpty)
  }

  @Test func `the command line's type, policy and labels win over the file's`() throws {
    let file = try sandbox.directory.write(
      GuestText("web1", more: "labels: {role: web, tier: front}").yaml, to: "web1.yaml")
    let guest = try sandbox.object(
      "define", file, "--type", "sev-es", "--policy", "strict", "--label", "role=db")
    #expect(guest.string("type") == "sev-es")
    #expect(guest.string("policy") == "0x0000000f")
    #expect(guest.string("policyName") == "strict")
    #expect(guest.object("labels")?.values as? [String: String] == ["role": "db", "tier": "front"])
  }

  @Test func `a second define of a name redefines the guest`() throws {
    try sandbox.define(GuestText("web1"))
    let uuid = try sandbox.succeed("domuuid", "web1").stdout
    try sandbox.define(GuestText("web1", launch: "{type: sev-es}"))
    #expect(try sandbox.succeed("domuuid", "web1").stdout == uuid)
    #expect(try sandbox.list("list", "--all").map { $0.string("type") } == ["sev-es"])
  }

  @Test func `a confidential guest does not lose its launch security by being defined again`() throws {
    try sandbox.define(GuestText("web1"))
    let file = try sandbox.directory.write(GuestText("web1", launch: nil).yaml, to: "plain.yaml")
    try sandbox.refusesUntouched(.policyViolation, "define", file)
    #expect(try sandbox.list("list", "--all")[0].flag("confidential") == true)
  }

  @Test func `an undefined guest's launches stay on record`() throws {
    try sandbox.define(GuestText("web1"))
    let id = try #require(try sandbox.object("start", "web1").string("id"))
    try sandbox.succeed("destroy", "web1")
    try sandbox.succeed("undefine", "web1")
    #expect(try sandbox.object("launch", "show", id).string("guest") == "web1")
    #expect(try sandbox.list("launch", "history").count == 1)
  }

  @Test func `verbs refuse states that they cannot act on`() throws {
    try sandbox.define(GuestText("web1"))
    for verb in ["suspend", "resume", "shutdown", "reboot", "reset", "destroy"] {
      try sandbox.refuses(verb == "resume" ? .policyViolation : .conflict, verb, "web1")
    }
    try sandbox.succeed("start", "web1")
    try sandbox.refuses(.conflict, "start", "web1")
    for verb in ["undefine", "start", "destroy", "domstate"] {
      try sandbox.refuses(.notFound, verb, "nosuch")
    }
  }
}
