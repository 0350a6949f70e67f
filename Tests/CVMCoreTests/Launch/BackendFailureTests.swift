import CVMCore
import Testing

/// A call of the host that fails in one way, and what has to come of it.
struct CallFailure: CustomTestStringConvertible, Sendable {
  let call: String
  let error: BackendError

  var testDescription: String { "\(call): \(error)" }

  static let kinds: [BackendError] = [
    .failed(operation: "x", reason: "refused"), .timeout(operation: "x", seconds: 5),
    .unreachable(uri: "qemu:///scripted", reason: "connection lost"),
    .launchFailed(reason: "POLICY_FAILURE", status: 7), .conflict(reason: "busy"), .guestNotFound("web1"),
    .permission(reason: "no"), .outcomeUnknown(operation: "x", reason: "connection lost"),
  ]

  static func all(_ calls: [String]) -> [CallFailure] {
    calls.flatMap { call in kinds.map { CallFailure(call: call, error: $0) } }
  }

  var isLost: Bool { if case .outcomeUnknown = error { true } else { false } }
}

@Suite("a launch whose host fails") struct BackendFailureTests {
  let desk: Desk

  init() throws {
    desk = try Desk()
    try desk.define("launch: {type: sev}")
    desk.host.forgetCalls()
  }

  private func refused(_ failure: CallFailure, destroying: BackendError? = nil) throws {
    desk.host.script.failures = [failure.call: failure.error]
    desk.host.script.failures["destroy"] = destroying
    let problem = refusal { _ = try desk.start(StartOptions(secrets: [desk.secret])) }
    guard case .backend(failure.error)? = problem else {
      Issue.record("refused with \(String(describing: problem))")
      return
    }
    #expect(desk.hasCleanDefinition())
    #expect(try desk.record().steps.last?.outcome == .failed)
    #expect(!desk.host.calls.contains("resume") || failure.call == "resume")
    #expect(!desk.host.calls.contains("inject") || ["inject", "resume"].contains(failure.call))
  }

  @Test(arguments: CallFailure.all(["domainXML inactive", "startPaused"]))
  func `before there is a guest, nothing is left to undo`(_ failure: CallFailure) throws {
    try refused(failure)
    #expect(!desk.host.calls.contains("destroy") && desk.host.state == .shutOff)
    #expect((failure.call == "startPaused") == desk.host.calls.contains("startPaused"))
    let record = try desk.record()
    #expect(record.outcome == (failure.isLost ? .unknown : .failed) && record.verdict == .pending)
    #expect(record.measurement == nil && record.secretsInjected == 0)
    #expect(record.steps.last?.name == (failure.call == "startPaused" ? .start : .definition))
    // A start whose fate is unknown may still have made the guest: its keys are not thrown away.
    #expect(try desk.keepsKeys() == (failure.isLost && failure.call == "startPaused"))
  }

  @Test func `a host that does not tell its platform is not launched on`() throws {
    for error in CallFailure.kinds {
      try refused(CallFailure(call: "sevPlatform", error: error))
      #expect(!desk.host.calls.contains("startPaused"))
      #expect(try desk.record().steps.last?.name == .session && !desk.keepsKeys())
    }
  }

  @Test(arguments: CallFailure.all(["domainXML live", "launchSecurity", "inject", "resume"]))
  func `with a guest there, the guest is destroyed, or its fate told as unknown`(_ failure: CallFailure)
    throws
  {
    try refused(failure)
    let record = try desk.record()
    if failure.isLost {
      #expect(record.outcome == .unknown && !desk.host.calls.contains("destroy"))
      #expect(try desk.keepsKeys())
    } else {
      #expect(record.outcome == .destroyed && desk.host.calls.last { $0 != "sevPlatform" } == "destroy")
      #expect(desk.host.state == .shutOff && desk.host.live == nil)
      #expect(try !desk.keepsKeys(), "the launch is over")
    }
    let appraised = ["inject", "resume"].contains(failure.call)
    #expect(record.verdict == (appraised ? .match : .pending))
    #expect(record.endedAt != nil && desk.host.calls.count { $0 == "destroy" } <= 1)
    #expect(desk.host.secrets.count == (failure.call == "resume" ? 1 : 0))
  }

  @Test(arguments: ["domainXML live", "launchSecurity", "inject", "resume"])
  func `a guest that cannot be destroyed is not called destroyed`(_ call: String) throws {
    try refused(
      CallFailure(call: call, error: .failed(operation: "x", reason: "no")),
      destroying: .timeout(operation: "destroy", seconds: 5))
    let record = try desk.record()
    #expect(record.outcome == .unknown && desk.host.calls.count { $0 == "destroy" } == 1)
    #expect(desk.host.state == .paused, "it never ran")
  }

  @Test func `a guest that is gone by itself counts as destroyed`() throws {
    try refused(
      CallFailure(call: "launchSecurity", error: .failed(operation: "x", reason: "no")),
      destroying: .conflict(reason: "not running"))
    #expect(try desk.record().outcome == .destroyed)
  }

  @Test(arguments: ["domainXML live", "launchSecurity", "inject"])
  func `the next start takes up where one of unknown fate stopped`(_ call: String) throws {
    try refused(CallFailure(call: call, error: .outcomeUnknown(operation: "x", reason: "lost")))
    let first = try desk.record()
    #expect(desk.host.state == .paused)
    desk.host.script.failures = [:]
    desk.host.forgetCalls()
    let second = try #require(desk.start(StartOptions(secrets: [desk.secret])).launch)
    #expect(desk.host.calls.first { $0 != "sevPlatform" } == "destroy")
    #expect(second.id != first.id && second.outcome == .running && second.verdict == .match)
    #expect(try desk.core.launchRecord(first.id).outcome == .destroyed)
    #expect(second.nonce != first.nonce)
  }

  @Test func `a guest of unknown fate is not resumed by hand`() throws {
    try refused(CallFailure(call: "launchSecurity", error: .outcomeUnknown(operation: "x", reason: "lost")))
    desk.host.script.failures = [:]
    desk.host.forgetCalls()
    for accepted in [false, true] {
      #expect(refusal { _ = try desk.core.perform(.resume(ownerAccepted: accepted), on: "web1") } != nil)
    }
    #expect(!desk.host.calls.contains("resume") && desk.host.state == .paused)
  }

  @Test func `a packet whose fate is unknown is the only one of its launch`() throws {
    try refused(CallFailure(call: "inject", error: .outcomeUnknown(operation: "inject", reason: "lost")))
    #expect(try desk.record().secretsInjected == 1, "the AMD-SP may have taken it")
    desk.host.script.failures = [:]
    let header = try desk.scratch.write(Array(repeating: 0, count: 52), to: "header")
    let payload = try desk.scratch.write(Array(repeating: 0, count: 64), to: "payload")
    let problem = refusal {
      _ = try desk.core.injectPacket(headerFile: header, payloadFile: payload, address: nil, into: "web1")
    }
    guard case .conflict? = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
    #expect(desk.host.calls.count { $0 == "inject" } == 1)
  }

  @Test func `a packet that the AMD-SP refused counts for nothing`() throws {
    try refused(CallFailure(call: "inject", error: .launchFailed(reason: "BAD_MEASUREMENT", status: 0x0B)))
    #expect(try desk.record().secretsInjected == 0)
  }

  @Test func `a guest that ran although its resume was lost is not launched over`() throws {
    try refused(CallFailure(call: "resume", error: .outcomeUnknown(operation: "resume", reason: "lost")))
    desk.host.script.failures = [:]
    desk.host.state = .running
    desk.host.forgetCalls()
    guard case .conflict? = refusal({ _ = try desk.start(StartOptions(secrets: [desk.secret])) }) else {
      Issue.record("launched over")
      return
    }
    #expect(!desk.host.calls.contains("destroy"))
    _ = try desk.core.perform(.destroy(graceful: false), on: "web1")
    #expect(try desk.record().outcome == .destroyed && !desk.keepsKeys())
  }
}
