import CVMCore
import Glibc
import Synchronization
import Testing

@testable import LibvirtBackend

/// What becomes of an act that a daemon was given over its socket: it is given once, whatever happens.
@Suite("acts by a daemon") struct DaemonActTests {
  /// A daemon's one guest.
  final class Guest: Sendable {
    let id = Mutex<Int32>(-1)
    let xml = TestGuest.xml("web1")
    let uuid: GuestUUID

    init() throws { uuid = try #require(GuestUUID(rawValue: TestGuest.uuid(of: "web1"))) }

    var found: FakeDaemon.Answer {
      let id = id.withLock { $0 }
      return .result(xdr { remoteGuest("web1", id: id, in: &$0) })
    }

    /// Paused by its user, or shut off.
    var state: FakeDaemon.Answer {
      let isActive = id.withLock { $0 } >= 0
      return .result(xdr { for word in isActive ? [3, 1] : [5, 2] as [Int32] { $0.int(word) } })
    }

    func becomes(_ id: Int32) { self.id.withLock { $0 = id } }

    func waitUntilGone() {
      for _ in 0..<500 where id.withLock({ $0 }) >= 0 { usleep(10_000) }
    }
  }

  let guest: Guest

  init() throws { guest = try Guest() }

  /// A daemon of the guest, which does with acts as `script` says.
  private func daemon(_ script: @escaping FakeDaemon.Script) throws -> FakeDaemon {
    let guest = guest
    return try FakeDaemon { call in
      if let answer = script(call) { return answer }
      switch Procedure(rawValue: call.procedure) {
      case .domainLookupByUUID: return guest.found
      case .domainGetState: return guest.state
      case .domainMemoryStats: return .result([0, 0, 0, 0])
      case .domainDestroyFlags:
        guest.becomes(-1)
        return .result([])
      default: return nil
      }
    }
  }

  private func backend(_ daemon: FakeDaemon, timeout: Int = 5) throws -> LibvirtBackend {
    try LibvirtBackend(uri: daemon.uri, readOnly: false, timeout: timeout)
  }

  private func count(_ procedure: Procedure, in daemon: FakeDaemon) -> Int {
    daemon.calls.count { $0.is(procedure) }
  }

  @Test func `and the questions around them go over one connection`() throws {
    let guest = guest
    let daemon = try daemon { call in
      guard call.is(.domainCreateXML) else { return call.is(.domainResume) ? .result([]) : nil }
      guest.becomes(7)
      return guest.found
    }
    let backend = try backend(daemon)
    let paused = try backend.startPaused(guest.uuid, xml: guest.xml)
    #expect(paused.id == 7)
    #expect(try backend.guest(guest.uuid)?.state == .paused)
    try backend.resume(paused)
    try backend.destroy(guest.uuid, graceful: false)
    #expect(daemon.connections == 1 && !backend.usesLibrary)
    #expect(count(.domainCreateXML, in: daemon) == 1)
  }

  @Test(arguments: [3, 39, 84] as [Int32])
  func `that the daemon does not know are not tried by libvirt`(_ code: Int32) throws {
    let daemon = try daemon { $0.is(.domainSuspend) ? .error(code: code) : nil }
    let backend = try backend(daemon)
    expect(code == 39 ? .failed : .unsupported) { try backend.suspend(guest.uuid) }
    #expect(count(.domainSuspend, in: daemon) == 1 && daemon.connections == 1 && !backend.usesLibrary)
  }

  /// What the daemon sends last on the act's connection.
  enum End: CaseIterable {
    case nothing, halfAReply, moreThanAReply, garbage

    func answer(_ call: FakeDaemon.Call) -> FakeDaemon.Answer {
      switch self {
      case .nothing: .bytesAndEnd([])
      case .halfAReply: .bytesAndEnd(Array(FakeDaemon.reply(call, []).dropLast()))
      case .moreThanAReply: .result([1, 2, 3, 4])
      case .garbage: .bytes([UInt8](repeating: 0xFF, count: 64))
      }
    }
  }

  @Test(arguments: End.allCases)
  func `without an answer that can be read have happened where the guest says so`(_ end: End) throws {
    let guest = guest
    guest.becomes(7)
    let daemon = try daemon { call in
      guard call.is(.domainDestroyFlags) else { return nil }
      guest.becomes(-1)
      return end.answer(call)
    }
    let backend = try backend(daemon)
    try backend.destroy(guest.uuid, graceful: false)
    #expect(count(.domainDestroyFlags, in: daemon) == 1 && daemon.connections == 2 && !backend.usesLibrary)
  }

  @Test(arguments: End.allCases)
  func `without an answer that can be read have not where the guest says so`(_ end: End) throws {
    guest.becomes(7)
    let daemon = try daemon { $0.is(.domainDestroyFlags) ? end.answer($0) : nil }
    let backend = try backend(daemon)
    expect(.unreachable) { try backend.destroy(guest.uuid, graceful: false) }
    #expect(count(.domainDestroyFlags, in: daemon) == 1 && !backend.usesLibrary)
  }

  @Test(arguments: End.allCases) func `of unknown fate say so`(_ end: End) throws {
    guest.becomes(7)
    let daemon = try daemon { $0.is(.domainReboot) ? end.answer($0) : nil }
    expect(.outcomeUnknown) { try backend(daemon).reboot(guest.uuid) }
    #expect(count(.domainReboot, in: daemon) == 1)
  }

  @Test func `that get no answer end with the limit`() throws {
    guest.becomes(7)
    let daemon = try daemon { $0.is(.domainShutdownFlags) ? .silence : nil }
    let backend = try backend(daemon, timeout: 1)
    let start = Deadline.now
    expect(.outcomeUnknown) { try backend.shutdown(guest.uuid) }
    #expect(Deadline.now < start.adding(milliseconds: 1800))
    #expect(count(.domainShutdownFlags, in: daemon) == 1 && !backend.usesLibrary)
    #expect(try backend.guest(guest.uuid)?.id == 7)
  }

  @Test(arguments: [false, true])
  func `that hang are ended from a second connection where they start a guest`(_ launches: Bool) throws {
    let guest = guest
    let start = launches ? Procedure.domainCreateXML : .domainCreateWithFlags
    let daemon = try daemon { call in
      guard call.is(start) else { return nil }
      guest.becomes(7)
      guest.waitUntilGone()
      return .error(code: 1)
    }
    let backend = try backend(daemon, timeout: 1)
    expect(.timeout) {
      guard launches else { return try backend.start(guest.uuid, paused: false) }
      let paused = try backend.startPaused(guest.uuid, xml: guest.xml)
      try backend.destroy(paused)
    }
    #expect(daemon.calls.filter { $0.is(.domainDestroyFlags) }.map(\.connection) == [2])
    #expect(count(start, in: daemon) == 1 && !backend.usesLibrary)
  }

  @Test func `that never end are unknown, though their guest was ended`() throws {
    let guest = guest
    let daemon = try daemon { call in
      guard call.is(.domainCreateWithFlags) else { return nil }
      guest.becomes(7)
      return .silence
    }
    let backend = try backend(daemon, timeout: 1)
    let start = Deadline.now
    expect(.outcomeUnknown) { try backend.start(guest.uuid, paused: false) }
    #expect(Deadline.now < start.adding(milliseconds: 1800))
    #expect(daemon.hasHeard(.domainDestroyFlags) && count(.domainCreateWithFlags, in: daemon) == 1)
  }

  @Test func `are not begun on a guest that a daemon does not show`() throws {
    let daemon = try daemon { $0.is(.domainLookupByUUID) ? .error(code: 42) : nil }
    let backend = try backend(daemon)
    expect(.guestNotFound) { try backend.resume(guest.uuid) }
    #expect(count(.domainResume, in: daemon) == 0 && !backend.usesLibrary)
  }

  @Test func `take back a guest that was not left paused`() throws {
    let guest = guest
    let daemon = try daemon { call in
      guard call.is(.domainCreateXML) else {
        return call.is(.domainGetState) ? .result([0, 0, 0, 1, 0, 0, 0, 1]) : nil
      }
      guest.becomes(7)
      return guest.found
    }
    expect(.launchFailed) {
      let backend = try backend(daemon)
      try backend.destroy(try backend.startPaused(guest.uuid, xml: guest.xml))
    }
    #expect(count(.domainDestroyFlags, in: daemon) == 1 && guest.id.withLock { $0 } == -1)
  }

  @Test func `hand a secret over once`() throws {
    guest.becomes(7)
    let daemon = try daemon { $0.is(.domainSetLaunchSecurityState) ? .bytesAndEnd([]) : nil }
    let header = [UInt8](repeating: 0, count: 52)
    expect(.outcomeUnknown) {
      try backend(daemon).inject(header: header, payload: [1], address: nil, into: guest.uuid)
    }
    #expect(count(.domainSetLaunchSecurityState, in: daemon) == 1)
  }
}
