import CVMCore
import Testing

@Suite("guests of a tenant") struct GuestsTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  @Test func `are absent for every other tenant`() throws {
    let guest = try desk.define("launch: {type: sev}")
    let other = try desk.core(tenant: "other")
    #expect(try other.guests(GuestFilter()).isEmpty)
    desk.host.forgetCalls()
    for name in ["web1", guest.uuid.rawValue] {
      for act in [
        { _ = try other.summary(name) }, { _ = try other.start(name, StartOptions(), progress: { _ in }) },
        { _ = try other.perform(.destroy(graceful: false), on: name) },
        { _ = try other.undefine(name, UndefineOptions()) },
        { _ = try other.domainXML(name, .inactive) }, { _ = try other.launchRecord(name) },
        { _ = try other.launchSecurity(name) }, { _ = try other.measure(guest: name, ReferenceFiles()) },
      ] as [() throws -> Void] {
        guard case .notFound? = refusal(act) else {
          Issue.record("seen by \(name)")
          return
        }
      }
    }
    #expect(desk.host.calls.isEmpty)
    #expect(try desk.core.summary("web1").type == .sev)
  }

  @Test func `are found by name, UUID and the id of a run`() throws {
    let guest = try desk.define("launch: {type: sev}")
    let id = try #require(desk.start().guest.id)
    for text in ["web1", guest.uuid.rawValue, guest.uuid.rawValue.uppercased(), "\(id)"] {
      #expect(try desk.core.summary(text).uuid == guest.uuid)
    }
    for text in ["web2", "\(id + 1)", "0", "-1", "", "8f0752f4-4131-437c-b071-12cbe79d4e3c"] {
      guard case .notFound? = refusal({ _ = try desk.core.summary(text) }) else {
        Issue.record("found by '\(text)'")
        return
      }
    }
  }

  @Test func `that nobody defined here are shown, and not as confidential`() throws {
    try desk.define("launch: {type: sev}")
    let stored = try #require(desk.host.stored)
    let bare = try Desk()
    _ = try bare.host.define(xml: stored)
    let guest = try bare.core.summary("web1")
    #expect(!guest.confidential && guest.type == nil)
    // It carries launch security, but nobody here vouches for it.
    guard case .conflict? = refusal({ _ = try bare.start() }) else {
      Issue.record("started")
      return
    }
    #expect(!bare.host.calls.contains("start") && !bare.host.calls.contains("startPaused"))
  }

  @Test func `are acted on by virsh's verbs, each in the audit log`() throws {
    try desk.define()
    _ = try desk.start()
    let acts: [(Core.Act, String, String)] = [
      (.suspend, "paused", "suspend"), (.resume(ownerAccepted: false), "running", "resume"),
      (.reboot, "running", "reboot"), (.reset, "running", "reset"), (.shutdown, "shut off", "shutdown"),
    ]
    for (act, state, name) in acts {
      #expect(try desk.core.perform(act, on: "web1").state == state)
      #expect(try desk.audit().suffix(2) == ["guest.\(name) attempt", "guest.\(name) ok"])
    }
  }

  @Test func `are not acted on by a read-only connection`() throws {
    try desk.define()
    _ = try desk.start()
    desk.host.forgetCalls()
    let reader = try desk.core(readOnly: true)
    for act in [.suspend, .resume(ownerAccepted: true), .reboot, .reset, .shutdown, .destroy(graceful: true)]
      as [Core.Act]
    {
      guard case .backend(.permission)? = refusal({ _ = try reader.perform(act, on: "web1") }) else {
        Issue.record("\(act)")
        return
      }
    }
    #expect(desk.host.calls.isEmpty)
    #expect(try reader.summary("web1").state == "running")
  }

  @Test func `that were suspended after an appraised launch may run on`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start()
    _ = try desk.core.perform(.suspend, on: "web1")
    #expect(try desk.core.perform(.resume(ownerAccepted: false), on: "web1").state == "running")
  }

  @Test func `that were launched by somebody else are not resumed`() throws {
    try desk.define("launch: {type: sev}")
    let guest = try #require(try desk.host.guest(named: "web1"))
    _ = try desk.host.startPaused(guest.uuid, xml: #require(desk.host.stored))
    desk.host.forgetCalls()
    for accepted in [false, true] {
      guard
        case .policy(.unattestable)? = refusal({
          _ = try desk.core.perform(.resume(ownerAccepted: accepted), on: "web1")
        })
      else {
        Issue.record("resumed")
        return
      }
    }
    #expect(!desk.host.calls.contains("resume"))
  }
}
