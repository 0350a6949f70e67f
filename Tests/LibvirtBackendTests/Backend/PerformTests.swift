import CVMCore
import Glibc
import Testing

@testable import LibvirtBackend

/// What is said of an act whose answer does not come. The test driver gives the connections; the acts are
/// ours.
@Suite("an act without an answer") struct PerformTests {
  let backend: LibvirtBackend

  init() throws { backend = try LibvirtBackend(uri: "test:///default", readOnly: false, timeout: 1) }

  private let lost = LibvirtError(kind: .connectionLost, message: "End of file")

  private func perform(
    _ body: @escaping @Sendable () throws(LibvirtError) -> Int,
    fate: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Fate<Int>
  ) throws(BackendError) -> Int {
    let act = backend.begin("act", .change)
    return try backend.perform(act, on: try backend.host(act), body, fate: fate)
  }

  private static func hang() -> Int {
    usleep(2_500_000)
    return 1
  }

  /// Asserts the limit of a call: one second, and what a busy machine adds.
  private func inTime(_ body: () throws -> Void) throws {
    let start = Deadline.now
    try body()
    #expect(Deadline.now < start.adding(milliseconds: 1500))
  }

  @Test func `is done where its fate says so`() throws {
    let lost = lost
    #expect(try perform({ () throws(LibvirtError) in throw lost }, fate: { _ in .done(7) }) == 7)
    try inTime {
      let found = try perform({ Self.hang() }, fate: { _ in .done(7) })
      #expect(found == 7)
    }
  }

  @Test func `whose connection ended did not happen where its fate says so`() {
    let lost = lost
    let error = #expect(throws: BackendError.self) {
      try perform({ () throws(LibvirtError) in throw lost }, fate: { _ in .undone })
    }
    #expect(error == .unreachable(uri: "test:///default", reason: "End of file; 'act' did not happen"))
  }

  @Test func `whose connection ended is unknown where its fate is unknown`() throws {
    try endsUnknown { _ in .unknown }
  }

  @Test func `whose connection ended is unknown where nobody can be asked`() throws {
    let lost = lost
    try endsUnknown { _ throws(LibvirtError) in throw lost }
  }

  @Test func `whose connection ended is unknown where nobody answers`() throws {
    try endsUnknown { _ in .done(Self.hang()) }
  }

  private func endsUnknown(
    _ fate: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Fate<Int>
  ) throws {
    let lost = lost
    try inTime {
      expect(.outcomeUnknown) { _ = try perform({ () throws(LibvirtError) in throw lost }, fate: fate) }
    }
  }

  @Test func `that hangs may still happen`() throws {
    try inTime { expect(.outcomeUnknown) { _ = try perform({ Self.hang() }, fate: { _ in .undone }) } }
  }

  @Test func `that answers late, but within the limit, has its answer`() throws {
    let late: @Sendable () -> Int = {
      usleep(850_000)
      return 5
    }
    let found = try perform(late) { _ in
      usleep(200_000)
      return .undone
    }
    #expect(found == 5)
  }

  @Test func `that failed is not looked into`() {
    let error = LibvirtError(kind: .libvirt(code: 55, domain: 20, errno: nil), message: "why")
    #expect(throws: BackendError.conflict(reason: "why")) {
      try perform({ () throws(LibvirtError) in throw error }, fate: { _ in .done(1) })
    }
  }

  // MARK: Cancelling a start

  private func start(
    _ guest: TestGuest, _ body: @escaping @Sendable () throws(LibvirtError) -> Int
  ) throws(BackendError) -> Int {
    let act = backend.begin("start", .launch, on: guest.name)
    return try backend.perform(
      act, on: try backend.host(act), cancelling: guest.uuid, body, fate: { _ in .unknown })
  }

  /// A start as libvirt's, that hangs until its guest is destroyed.
  private func hangingStart(_ guest: TestGuest) throws -> @Sendable () throws(LibvirtError) -> Int {
    let connection = try Connection(uri: "test:///default", readOnly: false)
    let uuid = guest.uuid
    return { () throws(LibvirtError) in
      try Domain.with(uuid: uuid, connection).start(paused: false)
      while try Domain.with(uuid: uuid, connection).id != nil { usleep(10_000) }
      throw LibvirtError(kind: .libvirt(code: 1, domain: 10, errno: nil), message: "process exited")
    }
  }

  @Test func `a start that hangs is ended and its guest is gone`() throws {
    let guest = try TestGuest(backend, "hanging")
    let body = try hangingStart(guest)
    try inTime {
      #expect(throws: BackendError.timeout(operation: "start", seconds: 1)) { try start(guest, body) }
    }
    #expect(try backend.guest(guest.uuid)?.state == .shutOff)
    try guest.remove()
  }

  @Test func `a start that does not end after its guest was destroyed is unknown`() throws {
    let guest = try TestGuest(backend, "stuck")
    let body = try hangingStart(guest)
    expect(.outcomeUnknown) {
      _ = try start(guest) { () throws(LibvirtError) in
        _ = try? body()
        return Self.hang()
      }
    }
    #expect(try backend.guest(guest.uuid)?.state == .shutOff)
    try guest.remove()
  }

  @Test func `a start that fails by itself after its time has its own error`() throws {
    let guest = try TestGuest(backend, "late")
    #expect(throws: BackendError.launchFailed(reason: "fw_error=7", status: 7)) {
      try start(guest) { () throws(LibvirtError) in
        usleep(850_000)
        throw LibvirtError(kind: .libvirt(code: 1, domain: 10, errno: nil), message: "fw_error=7")
      }
    }
    try guest.remove()
  }

  @Test func `a start of which no guest is seen is unknown`() throws {
    let guest = try TestGuest(backend, "unseen")
    try inTime { expect(.outcomeUnknown) { _ = try start(guest) { Self.hang() } } }
    try guest.remove()
  }
}
