import CVMCore
import StateStore
import Testing

@Suite("policies of a tenant") struct PoliciesTests {
  let desk: Desk
  var core: Core { desk.core }

  init() throws { desk = try Desk() }

  @discardableResult
  private func create(_ name: String = "web", _ value: String = "0x3") throws -> LaunchPolicy {
    try core.createPolicy(name, value, type: nil, note: "first")
  }

  @Test func `have versions from 1 on, one more with each edit`() throws {
    #expect(try create().version == 1)
    #expect(try core.editPolicy("web", "0xb", type: nil, note: "second").version == 2)
    let third = try core.editPolicy("web", "NODBG,NOKS", type: nil, note: nil)
    #expect(third.version == 3 && third.value.rawValue == 3 && third.note == "second" && !third.isBuiltIn)
    #expect(try core.policy("web", type: .sev).version == 3)
    #expect(try core.policy("web@1", type: .sev).note == "first")
    #expect(try core.policy("web@2", type: .sev).value.rawValue == 0xB)
    #expect(
      try core.policies(allVersions: true).filter { $0.name == "web" }.map(\.version).sorted() == [1, 2, 3])
    #expect(try core.policies(allVersions: false).filter { $0.name == "web" }.map(\.version) == [3])
    guard case .notFound(.policy, "web@4")? = refusal({ _ = try core.policy("web@4", type: .sev) }) else {
      Issue.record("a version from nowhere")
      return
    }
  }

  @Test func `a guest keeps the version that it was defined with`() throws {
    try create()
    let guest = try desk.define("launch: {type: sev, policy: web}")
    #expect(guest.policy == "0x00000003" && guest.policyName == "web")
    _ = try core.editPolicy("web", "0xb", type: nil, note: nil)
    #expect(try core.summary("web1").policy == "0x00000003")
    #expect(try desk.start().launch?.policy == "0x00000003")
    _ = try core.perform(.destroy(graceful: false), on: "web1")
    #expect(try desk.define("launch: {type: sev, policy: web}").policy == "0x0000000b")
    #expect(try desk.define("launch: {type: sev, policy: web@1}").policy == "0x00000003")
  }

  @Test func `built-in names stand for one policy a type`() throws {
    #expect(try core.policies(matching: "default", type: nil).map(\.value.type) == LaunchType.allCases)
    #expect(try core.policy("default", type: .sevES).value.rawValue == 7)
    #expect(try core.policy("strict", type: .sev).value.rawValue == 0xB)
    #expect(try core.policy("default", type: .sev).version == 0)
  }

  @Test func `a built-in policy can be neither edited nor deleted nor made anew`() throws {
    for problem in [
      refusal { _ = try core.editPolicy("default", "0x3", type: nil, note: nil) },
      refusal { _ = try core.deletePolicy("strict") },
    ] {
      guard case .conflict? = problem else {
        Issue.record("\(String(describing: problem))")
        return
      }
    }
    guard case .alreadyExists(.policy, "default")? = refusal({ try create("default") }) else {
      Issue.record("made anew")
      return
    }
  }

  @Test func `a name is taken once`() throws {
    try create()
    guard case .alreadyExists(.policy, "web")? = refusal({ try create() }) else {
      Issue.record("made twice")
      return
    }
    #expect(try core.policy("web", type: .sev).version == 1)
  }

  @Test func `an edit keeps the type`() throws {
    try create()
    #expect(refusal { _ = try core.editPolicy("web", "0x7", type: nil, note: nil) } != nil)
    guard case .conflict? = refusal({ _ = try core.editPolicy("web", "0x7", type: .sevES, note: nil) }) else {
      Issue.record("another type")
      return
    }
    #expect(try core.policy("web", type: .sev).value.rawValue == 3)
    guard case .notFound? = refusal({ _ = try core.editPolicy("nobody", "0x3", type: nil, note: nil) }) else {
      Issue.record("edited out of nothing")
      return
    }
  }

  @Test(arguments: [
    ("0x7", LaunchType.sev), ("0x3", .sevES), ("0x43", .sev), ("0x10000", .sevSNP), ("default", nil),
    ("nobody", nil),
    ("0x1000000000000", .sev),
  ])
  func `a value that no firmware takes for the type is not kept`(_ value: String, _ type: LaunchType?) throws
  {
    #expect(refusal { _ = try core.createPolicy("web", value, type: type, note: "") } != nil)
    guard case .notFound? = refusal({ _ = try core.policies(matching: "web", type: nil) }) else {
      Issue.record("kept")
      return
    }
  }

  @Test func `one that a guest uses is not deleted`() throws {
    try create()
    try desk.define("launch: {type: sev, policy: web}")
    guard case .store(.conflict(let kind, let name, _))? = refusal({ _ = try core.deletePolicy("web") })
    else {
      Issue.record("deleted")
      return
    }
    #expect(kind == "policy" && name == "web")
    _ = try core.undefine("web1", UndefineOptions())
    #expect(try core.deletePolicy("web").name == "web")
    guard case .notFound? = refusal({ _ = try core.policy("web", type: .sev) }) else {
      Issue.record("still there")
      return
    }
  }

  @Test func `another tenant does not see them`() throws {
    try create()
    let other = try desk.core(tenant: "other")
    #expect(try !other.policies(allVersions: true).contains { $0.name == "web" })
    for act in [
      { _ = try other.policy("web", type: .sev) }, { _ = try other.deletePolicy("web") },
      { _ = try other.editPolicy("web", "0x3", type: nil, note: nil) },
    ] as [() throws -> Void] {
      #expect(refusal(act) != nil)
    }
    #expect(try core.policy("web", type: .sev).version == 1)
  }

  @Test func `a read-only connection changes none`() throws {
    try create()
    let reader = try desk.core(readOnly: true)
    for act in [
      { _ = try reader.createPolicy("new", "0x3", type: nil, note: "") },
      { _ = try reader.editPolicy("web", "0x3", type: nil, note: nil) },
      { _ = try reader.deletePolicy("web") },
    ] as [() throws -> Void] {
      guard case .backend(.permission)? = refusal(act) else {
        Issue.record("changed")
        return
      }
    }
    #expect(try reader.policy("web", type: .sev).version == 1)
  }

  @Test func `every change is in the audit log`() throws {
    try create()
    _ = try core.editPolicy("web", "0xb", type: nil, note: nil)
    _ = try core.deletePolicy("web")
    #expect(
      try desk.audit().filter { $0.hasPrefix("policy.") } == [
        "policy.create done", "policy.edit done", "policy.delete done",
      ])
  }

  @Test(arguments: [
    ("0x2", "debugAllowed"), ("0x1", "keySharingAllowed"), ("0x0", "debugAllowed"),
  ])
  func `what would give a guest away is told before its launch, and stops it`(_ value: String, _ name: String)
    throws
  {
    try desk.define("launch: {type: sev, policy: \(value)}")
    desk.host.forgetCalls()
    for act in [
      { _ = try core.checkPolicy("web1", type: nil, consent: PolicyConsent()) },
      { _ = try core.checkPolicy(value, type: .sev, consent: PolicyConsent()) }, { _ = try desk.start() },
    ] as [() throws -> Void] {
      guard case .policy(let violation)? = refusal(act) else {
        Issue.record("allowed")
        return
      }
      #expect("\(violation)".hasPrefix(name))
    }
    #expect(!desk.host.calls.contains("startPaused"))
    #expect(try desk.record().outcome == .failed && desk.record().steps.last?.name == .policy)
    let record = try #require(
      desk.start(StartOptions(allowsDebug: true, allowsKeySharing: true)).launch)
    #expect(record.outcome == .running && (record.allowsDebug || record.allowsKeySharing))
  }

  @Test func `a policy of another type is refused for a guest`() throws {
    guard
      case .policy(.wrongType(policy: "0x00000007", type: "sev"))? = refusal({
        try desk.define("launch: {type: sev, policy: '0x7'}")
      })
    else {
      Issue.record("defined")
      return
    }
    #expect(desk.host.stored == nil)
  }
}
