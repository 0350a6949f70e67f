import CVMCore
import Testing

@testable import SimulatedBackend

@Suite("Life of a simulated guest") struct LifecycleTests {
  let host: Host
  let backend: SimulatedBackend

  init() throws {
    host = try Host()
    backend = try host.backend()
  }

  enum Act: String, CaseIterable, Sendable {
    case start, startPaused, shutdown, reboot, reset, suspend, resume, destroy, undefine

    func perform(_ backend: SimulatedBackend, _ uuid: GuestUUID) throws(BackendError) {
      switch self {
      case .start: try backend.start(uuid, paused: false)
      case .startPaused: try backend.start(uuid, paused: true)
      case .shutdown: try backend.shutdown(uuid)
      case .reboot: try backend.reboot(uuid)
      case .reset: try backend.reset(uuid)
      case .suspend: try backend.suspend(uuid)
      case .resume: try backend.resume(uuid)
      case .destroy: try backend.destroy(uuid, graceful: false)
      case .undefine: try backend.undefine(uuid, UndefineOptions())
      }
    }
  }

  /// A row: acts that succeed, the last act's error, and what stands then.
  struct Row: Sendable, CustomTestStringConvertible {
    let acts: [Act]
    var error: String?
    var state: String?

    init(_ acts: Act..., error: String? = nil, then state: String?) {
      self.acts = acts
      self.error = error
      self.state = state
    }

    var testDescription: String { acts.map(\.rawValue).joined(separator: " ") }
  }

  private static let running = "Requested operation is not valid: domain is already running"
  private static let inactive = "Requested operation is not valid: domain is not running"
  private static let transient = "Requested operation is not valid: cannot undefine transient domain"

  static let rows: [Row] = [
    Row(then: "shut off (unknown)"),
    Row(.start, then: "running (booted)"),
    Row(.startPaused, then: "paused (user)"),
    Row(.start, .start, error: running, then: "running (booted)"),
    Row(.startPaused, .start, error: running, then: "paused (user)"),
    Row(.start, .shutdown, then: "shut off (shutdown)"),
    Row(.startPaused, .shutdown, then: "paused (user)"),
    Row(.start, .reboot, then: "running (booted)"),
    Row(.start, .reset, then: "running (booted)"),
    Row(.startPaused, .reset, then: "paused (user)"),
    Row(.start, .suspend, then: "paused (user)"),
    Row(.start, .suspend, .suspend, then: "paused (user)"),
    Row(.start, .suspend, .resume, then: "running (unpaused)"),
    Row(.startPaused, .resume, then: "running (unpaused)"),
    Row(.start, .resume, error: running, then: "running (booted)"),
    Row(.start, .destroy, then: "shut off (destroyed)"),
    Row(.startPaused, .destroy, then: "shut off (destroyed)"),
    Row(.start, .destroy, .start, then: "running (booted)"),
    Row(.shutdown, error: inactive, then: "shut off (unknown)"),
    Row(.reboot, error: inactive, then: "shut off (unknown)"),
    Row(.reset, error: inactive, then: "shut off (unknown)"),
    Row(.suspend, error: inactive, then: "shut off (unknown)"),
    Row(.resume, error: inactive, then: "shut off (unknown)"),
    Row(.destroy, error: inactive, then: "shut off (unknown)"),
    Row(.start, .destroy, .destroy, error: inactive, then: "shut off (destroyed)"),
    Row(.undefine, then: nil),
    Row(.start, .undefine, then: "running (booted)"),
    Row(.start, .undefine, .undefine, error: transient, then: "running (booted)"),
    Row(.start, .undefine, .shutdown, then: nil),
    Row(.start, .undefine, .destroy, then: nil),
    Row(.start, .undefine, .suspend, .resume, then: "running (unpaused)"),
  ]

  @Test(arguments: rows) func `states and reasons by virsh's words`(_ row: Row) throws {
    let uuid = try backend.define(xml: Document(security: nil)()).uuid
    for (number, act) in row.acts.enumerated() {
      do {
        try act.perform(backend, uuid)
        #expect(row.error == nil || number < row.acts.count - 1, "\(act) should fail")
      } catch {
        #expect(error == .conflict(reason: row.error ?? ""))
        #expect(number == row.acts.count - 1, "\(act)")
      }
    }
    let state = try backend.guest(uuid)
    #expect(state.map { "\($0.state.rawValue) (\($0.reason ?? "unknown"))" } == row.state)
    #expect(state == nil || (state?.id != nil) == state?.state.isActive)
  }

  @Test(arguments: [Act.reboot, .reset], [true, false])
  func `on_reboot=destroy ends a guest at its reset`(_ act: Act, _ ends: Bool) throws {
    var document = Document(security: nil)
    document.onReboot = ends ? "<on_reboot>destroy</on_reboot>" : "<on_reboot>restart</on_reboot>"
    let uuid = try backend.define(xml: document()).uuid
    try backend.start(uuid, paused: false)
    try act.perform(backend, uuid)
    #expect(try backend.guest(uuid)?.state == (ends ? .shutOff : .running))
  }

  @Test func `ids count up over every guest and restart`() throws {
    let uuid = try host.backend().define(xml: Document(security: nil)()).uuid
    var ids: [Int?] = []
    for _ in 0..<3 {
      let backend = try host.backend()
      try backend.start(uuid, paused: false)
      ids.append(try backend.guest(uuid)?.id)
      try backend.destroy(uuid, graceful: false)
    }
    #expect(ids == [1, 2, 3])
  }

  @Test func `four starts of one domain at once: one succeeds`() throws {
    let uuid = try host.backend().define(xml: Document(security: nil)()).uuid
    let found = Results<Bool>()
    Threads.run(4) { [host] _ in
      found.add {
        try host.backend().start(uuid, paused: false)
        return true
      }
    }
    #expect(found.values.count == 1)
    #expect(found.errors.count == 3 && found.errors.allSatisfy { $0.contains("already running") })
  }

  @Test func `a definition with launch security is not started without a launch`() throws {
    let uuid = try backend.define(xml: Document()()).uuid
    #expect(throws: BackendError.self) { try backend.start(uuid, paused: true) }
    #expect(try backend.guest(uuid)?.state == .shutOff)
  }
}
