import CVMCore
import Synchronization
import Testing

@Suite("two launches of one guest") struct GuestLockTests {
  @Test func `exclude each other, and leave nothing locked`() throws {
    let desk = try Desk()
    try desk.define("launch: {type: sev}")
    let second = try desk.core()
    let seen = Mutex<String>("")
    desk.host.script.starting = { xml in
      desk.host.script.starting = { $0 }  // once: a second launch that is let in ends there
      let problem = refusal { _ = try second.start("web1", StartOptions(), progress: { _ in }) }
      seen.withLock {
        $0 = if case .conflict? = problem { "conflict" } else { "\(String(describing: problem))" }
      }
      return xml
    }
    _ = try desk.start()
    #expect(seen.withLock(\.self) == "conflict")
    #expect(
      try desk.core.launchHistory("web1", limit: 9).count == 1
        && desk.host.calls.count { $0 == "startPaused" } == 1)
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    desk.host.script.starting = { $0 }
    #expect(try second.start("web1", StartOptions(), progress: { _ in }).launch?.verdict == .match)
  }

  @Test func `a secret waits for no launch that is under way`() throws {
    let desk = try Desk()
    try desk.define("launch: {type: sev}")
    let second = try desk.core()
    let seen = Mutex(false)
    desk.host.script.telling = { info in
      desk.host.script.telling = { $0 }
      let problem = refusal { _ = try second.injectSecrets(.secrets([desk.secret]), into: "web1") }
      seen.withLock { $0 = if case .conflict? = problem { true } else { false } }
      return info
    }
    _ = try desk.start()
    #expect(seen.withLock(\.self) && desk.host.secrets.isEmpty)
  }
}
