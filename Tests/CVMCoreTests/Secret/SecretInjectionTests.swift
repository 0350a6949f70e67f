import CVMCore
import Testing

@Suite("secrets for a paused guest") struct SecretInjectionTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev}")
  }

  private func start(_ options: StartOptions = StartOptions(staysPaused: true)) throws {
    _ = try desk.start(options)
  }

  private func inject() throws -> LaunchRecord {
    try desk.core.injectSecrets(.secrets([desk.secret]), into: "web1")
  }

  private func expectRefused(_ check: (CoreError) -> Bool = { _ in true }) {
    desk.host.forgetCalls()
    let given = desk.host.secrets.count
    let problem = refusal { _ = try inject() }
    #expect(problem.map(check) == true, "\(String(describing: problem))")
    #expect(!desk.host.calls.contains("inject") && desk.host.secrets.count == given)
  }

  private func isConflict(_ error: CoreError) -> Bool { if case .conflict = error { true } else { false } }
  private func isMismatch(_ error: CoreError) -> Bool {
    if case .measurementMismatch = error { true } else { false }
  }

  @Test func `are given once in a launch`() throws {
    try start()
    let record = try inject()
    #expect(record.secretsInjected == 1 && record.verdict == .match && desk.host.secrets.count == 1)
    #expect(try desk.record().secretsInjected == 1)
    expectRefused(isConflict)
    #expect(desk.host.state == .paused)
    #expect(try desk.core.perform(.resume(ownerAccepted: false), on: "web1").state == "running")
  }

  @Test func `are not given a second time where the start gave them`() throws {
    try start(StartOptions(staysPaused: true, secrets: [desk.secret]))
    expectRefused(isConflict)
    #expect(desk.host.secrets.count == 1)
  }

  @Test func `may be given again in the next launch`() throws {
    try start()
    _ = try inject()
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    expectRefused(isConflict)
    try start()
    #expect(try inject().secretsInjected == 1 && desk.host.secrets.count == 2)
  }

  @Test func `are for a guest that is paused and was never resumed`() throws {
    expectRefused(isConflict)
    try start(StartOptions())
    expectRefused(isConflict)
    _ = try desk.core.perform(.suspend, on: "web1")
    #expect(desk.host.state == .paused)
    expectRefused(isConflict)
  }

  @Test func `are for a guest with launch security`() throws {
    _ = try desk.core.undefine("web1", UndefineOptions())
    try desk.define()
    try start()
    expectRefused { if case .unsupported = $0 { true } else { false } }
  }

  @Test func `are not given to a launch without a session`() throws {
    try start(StartOptions(staysPaused: true, allowsUnattestable: true))
    expectRefused()
  }

  @Test func `are not given to a guest that was launched anew since`() throws {
    try start()
    // The host destroys the guest and starts it again, in the same session, for nobody asked it not to.
    let live = try #require(desk.host.live)
    let uuid = try #require(try desk.host.guest(named: "web1")).uuid
    try desk.host.destroy(uuid, graceful: false)
    _ = try desk.host.startPaused(uuid, xml: live)
    expectRefused(isMismatch)
    #expect(try desk.record().secretsInjected == 0)
  }

  @Test func `are not given where the host tells another measurement, or none`() throws {
    try start()
    desk.host.script.telling = { info in
      var info = info
      info.measurement?[31] ^= 1
      return info
    }
    expectRefused(isMismatch)
    desk.host.script.telling = { info in
      var info = info
      info.measurement?[40] ^= 1
      return info
    }
    expectRefused(isMismatch)
    desk.host.script.telling = { info in
      var info = info
      info.policy = 2
      return info
    }
    expectRefused(isMismatch)
    desk.host.script.telling = { _ in nil }
    expectRefused(isMismatch)
    desk.host.script.telling = { $0 }
    #expect(try inject().secretsInjected == 1)
  }

  @Test func `that the AMD-SP refused count for nothing, those of unknown fate as given`() throws {
    try start()
    desk.host.script.failures["inject"] = .launchFailed(reason: "refused", status: 0x0B)
    #expect(refusal { _ = try inject() } != nil)
    #expect(try desk.record().secretsInjected == 0)
    desk.host.script.failures["inject"] = .outcomeUnknown(operation: "inject", reason: "lost")
    #expect(refusal { _ = try inject() } != nil)
    #expect(try desk.record().secretsInjected == 1)
    desk.host.script.failures = [:]
    expectRefused(isConflict)
  }

  @Test func `are counted on disk before the packet leaves, and the log tells of the try`() throws {
    try start()
    desk.host.script.failures["inject"] = .outcomeUnknown(operation: "inject", reason: "lost")
    #expect(refusal { _ = try inject() } != nil)
    let acts = try desk.audit().suffix(3)
    #expect(Array(acts) == ["launch.secret done", "secret.inject attempt", "secret.inject unknown"])
  }

  @Test func `are not given by a read-only connection, nor by another tenant`() throws {
    try start()
    desk.host.forgetCalls()
    for core in [try desk.core(readOnly: true), try desk.core(tenant: "other")] {
      #expect(refusal { _ = try core.injectSecrets(.secrets([desk.secret]), into: "web1") } != nil)
    }
    #expect(!desk.host.calls.contains("inject"))
    _ = try inject()
  }
}
