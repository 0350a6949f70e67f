import CVMCore
import StateStore
import Testing

@Suite("a suspended tenant") struct SuspensionTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev}", "secrets: [{name: disk, guid: luks-key}]")
  }

  private func isRefused(_ act: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) {
    guard case .policy(.tenantSuspended("default"))? = refusal(act) else {
      Issue.record("not refused", sourceLocation: sourceLocation)
      return
    }
  }

  @Test func `starts no guest, opens no key, gives no secret, and makes no session`() throws {
    _ = try desk.start(StartOptions(staysPaused: true))
    _ = try desk.core.suspendTenant("default")
    desk.host.forgetCalls()
    isRefused { _ = try desk.start() }
    isRefused { _ = try desk.core.perform(.resume(ownerAccepted: false), on: "web1") }
    isRefused { _ = try desk.core.injectSecrets(.secrets([desk.secret]), into: "web1") }
    isRefused {
      _ = try desk.core.injectPacket(headerFile: "/x", payloadFile: "/x", address: nil, into: "web1")
    }
    isRefused {
      _ = try desk.core.createSession(
        for: .host(allowsSimulated: true), policy: "0x3", type: .sev, consent: PolicyConsent(),
        prefix: desk.scratch.file("s"))
    }
    #expect(desk.host.calls.isEmpty)
    #expect(!desk.scratch.names.contains { $0.hasPrefix("s_") })
  }

  @Test func `still reads, and ends what runs`() throws {
    _ = try desk.start(StartOptions(staysPaused: true))
    _ = try desk.core.suspendTenant("default")
    #expect(try desk.core.guests(GuestFilter()).count == 1)
    #expect(try desk.record().guest == "web1")
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    _ = try desk.core.undefine("web1", UndefineOptions())
  }

  @Test func `goes on when it is resumed, and is told when it was so already`() throws {
    _ = try desk.core.suspendTenant("default")
    guard case .store(.conflict(_, _, _))? = refusal({ _ = try desk.core.suspendTenant("default") }) else {
      Issue.record("suspended twice")
      return
    }
    #expect(try desk.core.resumeTenant("default").state == "active")
    _ = try desk.start(StartOptions(secrets: [desk.secret]))
  }

  @Test func `stops no other tenant`() throws {
    _ = try desk.core(tenant: "acme")
    _ = try desk.core.suspendTenant("acme")
    _ = try desk.start(StartOptions(secrets: [desk.secret]))
  }

  @Test(arguments: [false, true])
  func `stops a launch that was under way before anything is started`(_ withoutSession: Bool) throws {
    try desk.define("launch: {type: sev}")
    let core = desk.core
    desk.host.script.meanwhile = { _ = try? core.suspendTenant("default") }
    isRefused { _ = try desk.start(StartOptions(allowsUnattestable: withoutSession)) }
    #expect(!desk.host.calls.contains("startPaused"))
    #expect(try desk.record().outcome == .failed)
  }
}
