import CVMCore
import Documents
import Testing

@Suite("definitions") struct DefinitionsTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  private func define(xml: String, _ overrides: DefinitionOverrides = DefinitionOverrides()) throws
    -> GuestOverview
  {
    try desk.core.define(DefinitionSource(desk.scratch.write(xml, to: "guest.xml")), overrides)
  }

  private func violation(_ body: () throws -> Void) -> PolicyViolation? {
    guard case .policy(let violation)? = refusal(body) else { return nil }
    return violation
  }

  @Test func `of a guest file carry its policy to the host, and its owner and labels for people`() throws {
    let guest = try desk.define("launch: {type: sev-es}", "labels: {role: web}")
    #expect(
      guest.type == .sevES && guest.policy == "0x00000007" && guest.confidential
        && guest.labels == ["role": "web"])
    let stored = try parsed(#require(desk.host.stored))
    #expect(
      stored.text(at: "launchSecurity/policy") == "0x0007"
        && stored.attribute("type", at: "launchSecurity") == "sev")
    #expect(DomainXML.labels(in: stored) == ["role": "web"])
    #expect(desk.hasCleanDefinition())
    #expect(try desk.audit().suffix(2) == ["guest.define attempt", "guest.define ok"])
  }

  @Test func `of a kernel that is booted directly have it measured`() throws {
    try desk.define("launch: {type: sev}", "kernel: /vmlinuz")
    #expect(try parsed(#require(desk.host.stored)).attribute("kernelHashes", at: "launchSecurity") == "yes")
  }

  @Test func `keep their UUID when they are changed`() throws {
    let first = try desk.define("launch: {type: sev}")
    let second = try desk.define("launch: {type: sev}", "vcpus: 2")
    #expect(first.uuid == second.uuid)
    #expect(try desk.core.guests(GuestFilter()).count == 1)
  }

  @Test func `never lose launch security by an edit`() throws {
    try desk.define("launch: {type: sev}")
    let stored = desk.host.stored
    #expect(violation { try desk.define() } == .launchSecurityRemoved(guest: "web1"))
    #expect(desk.host.stored == stored)
    let bare = DocumentEdit.without("launchSecurity", in: try #require(stored))
    #expect(violation { _ = try define(xml: bare) } == .launchSecurityRemoved(guest: "web1"))
    #expect(desk.host.stored == stored)
  }

  @Test func `of a confidential guest have no variable store`() throws {
    try desk.define("launch: {type: sev}")
    let stored = try #require(desk.host.stored)
    let xml = DocumentEdit.adding(XMLElement("nvram", text: "/vars.fd"), to: "os", in: stored)
    #expect(violation { _ = try define(xml: xml) } == .writableFirmwareStore(guest: "web1"))
    #expect(desk.host.stored == stored)
  }

  @Test func `drop a session that a document brought along`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start()
    _ = try define(xml: #require(desk.host.live))
    #expect(desk.hasCleanDefinition())
  }

  @Test func `take type, policy and labels of the command line over their own`() throws {
    let guest = try desk.define(
      "launch: {type: sev}", "labels: {role: web, tier: a}",
      overrides: DefinitionOverrides(type: .sevES, policy: "strict", labels: ["tier": "b"]))
    #expect(
      guest.type == .sevES && guest.policy == "0x0000000f" && guest.labels == ["role": "web", "tier": "b"])
    guard case .usage? = refusal({ try Desk().define(overrides: DefinitionOverrides(policy: "strict")) })
    else {
      Issue.record("a policy without a type")
      return
    }
  }

  @Test func `of another tenant's guest are refused`() throws {
    guard case .usage? = refusal({ try desk.define("tenant: acme") }) else {
      Issue.record("defined")
      return
    }
    let mine = try desk.define("launch: {type: sev}")
    let other = try desk.core(tenant: "acme")
    let file = try desk.scratch.write(desk.yaml(["name: web2", "uuid: \(mine.uuid)"]), to: "other.yaml")
    guard
      case .alreadyExists? = refusal({ _ = try other.define(DefinitionSource(file), DefinitionOverrides()) })
    else {
      Issue.record("taken over")
      return
    }
    #expect(try desk.core.summary("web1").type == .sev)
  }

  @Test func `that the host refused are not recorded`() throws {
    desk.host.script.failures["define"] = .invalidDefinition(reason: "no")
    guard case .backend(.invalidDefinition)? = refusal({ try desk.define("launch: {type: sev}") }) else {
      Issue.record("defined")
      return
    }
    #expect(try desk.core.guests(GuestFilter()).isEmpty)
    #expect(try desk.audit().suffix(2) == ["guest.define attempt", "guest.define failed"])
  }

  @Test func `are only planned by a dry run`() throws {
    let file = try desk.scratch.write(desk.yaml(["launch: {type: sev}"]), to: "guest.yaml")
    let plan = try desk.core.planDefinition(DefinitionSource(file), DefinitionOverrides())
    #expect(plan.policy?.name == "default" && plan.xml.contains("<launchSecurity"))
    #expect(desk.host.calls.isEmpty && desk.host.stored == nil)
  }

  @Test func `that vanished from the host are listed as missing, and can be forgotten`() throws {
    let guest = try desk.define("launch: {type: sev}")
    try desk.host.undefine(guest.uuid, UndefineOptions())
    #expect(try desk.core.guests(GuestFilter()).map(\.state) == ["missing"])
    guard case .notFound? = refusal({ _ = try desk.start() }) else {
      Issue.record("started")
      return
    }
    _ = try desk.core.undefine("web1", UndefineOptions())
    #expect(try desk.core.guests(GuestFilter()).isEmpty)
  }
}

@Suite("definitions that the host changed") struct DriftedDefinitionTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev}", "kernel: \(desk.scratch.file("kernel"))", "cmdline: ro")
  }

  static let edits: [(String, String, [String])] = [
    ("0x0003", "0x0001", ["policy"]), ("0x0003", "0x0002", ["policy"]),
    ("0x0003", "0x0007", ["launch security", "policy"]),
    ("<vcpu>1<", "<vcpu>2<", ["vCPUs"]), ("/ex.fd", "/other.fd", ["firmware"]),
    ("/kernel<", "/other<", ["kernel"]),
    (">ro<", ">rw<", ["command line"]), ("EPYC-Milan", "EPYC-Rome", ["CPU model"]),
    ("kernelHashes=\"yes\"", "kernelHashes=\"no\"", ["kernel hashes"]),
    ("kernelHashes='yes'", "kernelHashes='no'", ["kernel hashes"]),
    ("</policy>", "</policy><session>AAAA</session>", ["a stored session"]),
    ("</policy>", "</policy><dhCert>AAAA</dhCert>", ["a stored session"]),
    ("<name>web1", "<nane>web1", ["the definition cannot be read"]),
    ("launchSecurity", "lunchSecurity", ["launch security", "policy", "kernel hashes"]),
  ]

  @Test(arguments: edits.indices)
  func `start nothing, and are told`(_ index: Int) throws {
    let (old, new, names) = Self.edits[index]
    guard let stored = desk.host.stored, stored.contains(old) else { return }
    desk.host.edit(old, new)
    let isLost = names == ["the definition cannot be read"]
    desk.host.forgetCalls()
    let problem = refusal { _ = try desk.start() }
    if isLost {
      #expect(problem != nil)
    } else {
      guard case .policy(.drift(guest: "web1", let differences))? = problem else {
        Issue.record("\(String(describing: problem))")
        return
      }
      #expect(differences == names)
      #expect(try desk.record().outcome == .failed && desk.record().steps.map(\.name) == [.definition])
    }
    #expect(!desk.host.calls.contains("startPaused"))
  }

  @Test func `in another guest of the name are drift of the UUID`() throws {
    let uuid = try #require(desk.host.guest(named: "web1")?.uuid).rawValue
    desk.host.edit(uuid, "8f0752f4-4131-437c-b071-12cbe79d4e3c")
    guard case .policy(.drift(guest: "web1", differences: ["UUID"]))? = refusal({ _ = try desk.start() })
    else {
      Issue.record("started")
      return
    }
  }

  @Test func `in what no launch depends on are started as they are`() throws {
    desk.host.edit(
      "</devices>", "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices>")
    #expect(try desk.start().launch?.verdict == .match)
    #expect(desk.host.live?.contains("/dev/urandom") == true)
  }
}
