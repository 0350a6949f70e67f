import CVMCore
import StateStore
import Testing

@Suite("the core") struct CoreTests {
  @Test(arguments: ["default", "a", "0", "acme-2", String(repeating: "x", count: 63)])
  func `acts for a tenant whose name can be a file's`(_ name: String) throws {
    #expect(try TenantName.check(name) == name)
  }

  @Test(arguments: [
    "", "-a", "Acme", "a_b", "a/b", "..", "a b", "ü", "a\n", String(repeating: "x", count: 64),
  ])
  func `acts for nobody of another name`(_ name: String) {
    guard case .usage? = refusal({ _ = try TenantName.check(name) }) else {
      Issue.record("taken")
      return
    }
  }

  @Test func `asks for its host once, and not before it needs one`() throws {
    let scratch = try Scratch()
    let host = try ScriptedHost()
    var count = 0
    let core = try Core(
      tenant: "default", uri: host.uri, stateDirectory: scratch.file("state"), timeout: 5, readOnly: false,
      allowsSimulated: false,
      backend: { () throws(BackendError) in
        count += 1
        return host
      })
    _ = try core.policies(allVersions: false)
    #expect(count == 0)
    _ = try core.hostname()
    _ = try core.canonicalURI()
    #expect(count == 1)
  }

  @Test func `tells of a host that cannot be reached, every time`() throws {
    let scratch = try Scratch()
    let core = try Core(
      tenant: "default", uri: "qemu:///x", stateDirectory: scratch.file("state"), timeout: 5, readOnly: false,
      allowsSimulated: false,
      backend: { () throws(BackendError) in throw .unreachable(uri: "qemu:///x", reason: "down") })
    for _ in 0..<2 {
      guard case .backend(.unreachable)? = refusal({ _ = try core.hostname() }) else {
        Issue.record("reached")
        return
      }
    }
  }

  @Test func `records the attempt of an act before the act, and its outcome after`() throws {
    let desk = try Desk()
    try desk.define()
    for (error, outcome) in [
      (BackendError.failed(operation: "start", reason: "no"), "failed"),
      (.timeout(operation: "start", seconds: 5), "failed"),
      (.outcomeUnknown(operation: "start", reason: "lost"), "unknown"), (nil, "ok"),
    ] as [(BackendError?, String)] {
      desk.host.script.failures["start"] = error
      #expect((refusal { _ = try desk.start() } == nil) == (error == nil))
      #expect(try desk.audit().suffix(2) == ["guest.start attempt", "guest.start \(outcome)"])
    }
  }
}
