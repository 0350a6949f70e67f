import CVMCore
import Glibc
import LibvirtBackend
import TestHarness
import Testing

extension Integration {
  /// What the contract of `LaunchBackend` says of time limits and of lost connections, held against daemons
  /// that hang and die.
  @Suite("the backend and a libvirtd that fails") struct LibvirtFaultTests {
    /// What a busy machine adds to a limit, in seconds.
    private let tolerance = 1.5

    private func timesOut(_ limit: Int, _ body: () throws -> Void) {
      var error: BackendError?
      let taken = seconds { error = #expect(throws: BackendError.self) { try body() } }
      #expect(taken < Double(limit) + tolerance)
      guard case .timeout(_, limit)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }

    private func endsUnknown(_ limit: Int, _ body: () throws -> Void) {
      var error: BackendError?
      let taken = seconds { error = #expect(throws: BackendError.self) { try body() } }
      #expect(taken < Double(limit) + tolerance)
      guard case .outcomeUnknown? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }

    // MARK: A daemon that hangs

    @Test func `a frozen daemon: connecting and asking end by the limit`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, timeout: 1)
      libvirtd.freezeDaemon()
      timesOut(1) { _ = try backend.guests(GuestFilter()) }
      timesOut(1) { _ = try BackendGuest.backend(libvirtd, timeout: 1) }
      timesOut(1) { try backend.start(guest.uuid, paused: false) }
      timesOut(1) { try backend.destroy(guest.uuid, graceful: false) }
      libvirtd.thawDaemon()
      #expect(try backend.guests(GuestFilter()).map(\.state) == [.shutOff])
    }

    @Test func `a daemon that freezes during an act leaves its outcome unknown`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, timeout: 2)
      let freeze = Later(milliseconds: 120) { libvirtd.freezeDaemon() }
      endsUnknown(2) {
        let paused = try backend.startPaused(guest.uuid, xml: guest.xml)
        try backend.destroy(paused)
      }
      freeze.join()
      libvirtd.thawDaemon()
      // Running it again converges, whatever became of the first one.
      let patient = try BackendGuest.backend(libvirtd)
      if try patient.guest(guest.uuid)?.id != nil { try patient.destroy(guest.uuid, graceful: false) }
      try patient.start(guest.uuid, paused: true)
      try patient.destroy(guest.uuid, graceful: false)
      #expect(libvirtd.guestProcesses().isEmpty)
    }

    // MARK: An emulator that hangs

    @Test(arguments: Way.allCases, [false, true])
    func `an emulator that does not start is ended with the limit`(_ way: Way, _ launching: Bool) throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let emulator = try slowEmulator(in: libvirtd.directory, seconds: 60)
      let guest = try BackendGuest(libvirtd, emulator: emulator)
      let backend = try BackendGuest.backend(libvirtd, by: way, timeout: 4)
      timesOut(4) {
        guard launching else { return try backend.start(guest.uuid, paused: false) }
        let paused = try backend.startPaused(guest.uuid, xml: guest.xml)
        try backend.destroy(paused)
      }
      #expect(try guest.state()?.state == .shutOff)
      #expect(libvirtd.guestProcesses().isEmpty, "\(libvirtd.guestProcesses())")
      #expect(try backend.domainXML(guest.uuid, .inactive) == guest.xml)
    }

    @Test func `a guest whose emulator hangs does not hold up lists and states`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let patient = try BackendGuest.backend(libvirtd)
      try patient.start(guest.uuid, paused: true)
      let backend = try BackendGuest.backend(libvirtd, timeout: 2)
      let emulator = try #require(libvirtd.guestProcesses().first?.pid)
      kill(emulator, SIGSTOP)
      endsUnknown(2) { try backend.resume(guest.uuid) }
      let taken = try seconds {
        let states = try backend.guests(GuestFilter()).map(\.state)
        let found = try backend.guest(guest.uuid)?.state
        let xml = try backend.domainXML(guest.uuid, .live)
        #expect(states == [.paused] && found == .paused && xml.contains("<domain"))
      }
      #expect(taken < 1)
      kill(emulator, SIGCONT)
      try patient.destroy(guest.uuid, graceful: false)
      #expect(libvirtd.guestProcesses().isEmpty)
    }

    // MARK: A daemon that dies

    /// A start takes about 450 ms.
    private static let moments = stride(from: 1, through: 500, by: 20)

    @Test(arguments: Way.allCases)
    func `a daemon killed at any moment of a launch leaves no guest, or has launched it`(_ way: Way) throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, by: way, timeout: 25)
      var outcomes: Set<Bool> = []
      for moment in Self.moments where way == .socket || moment % 3 == 0 {
        let launched = try happens(in: libvirtd, killedAfter: moment) { () throws(BackendError) in
          let paused = try backend.startPaused(guest.uuid, xml: guest.xml)
          #expect(paused.uuid == guest.uuid)
        }
        outcomes.insert(launched)
        #expect((try guest.state()?.id != nil) == launched, "killed after \(moment) ms")
        #expect(libvirtd.guestProcesses().count == (launched ? 1 : 0), "killed after \(moment) ms")
        #expect(try backend.domainXML(guest.uuid, .inactive) == guest.xml)
        // Running it again converges.
        if launched { try backend.destroy(guest.uuid, graceful: false) }
        try backend.destroy(try backend.startPaused(guest.uuid, xml: guest.xml))
        #expect(libvirtd.guestProcesses().isEmpty, "killed after \(moment) ms")
      }
      #expect(outcomes.contains(false))
    }

    @Test func `a daemon killed at any moment of a start leaves a running guest or none`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, timeout: 25)
      for moment in Self.moments {
        let started = try happens(in: libvirtd, killedAfter: moment) { () throws(BackendError) in
          try backend.start(guest.uuid, paused: false)
        }
        #expect(try guest.state()?.state == (started ? .running : .shutOff), "killed after \(moment) ms")
        #expect(libvirtd.guestProcesses().count == (started ? 1 : 0), "killed after \(moment) ms")
        if started { try backend.destroy(guest.uuid, graceful: false) }
      }
    }

    @Test func `a definition survives the death of the daemon that was given it`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, timeout: 25)
      for moment in 0..<24 {
        let title = "<title>version \(moment)</title>"
        let changed = guest.xml.replacing("<memory", with: "\(title)<memory", maxReplacements: 1)
        let defined = try happens(in: libvirtd, killedAfter: moment) { () throws(BackendError) in
          #expect(try backend.define(xml: changed).uuid == guest.uuid)
        }
        #expect(defined)
        #expect(try backend.domainXML(guest.uuid, .inactive).contains(title), "killed after \(moment) ms")
      }
    }

    /// Kills the daemon some time after `act` was begun and starts it again. False where the act says that it
    /// did not happen.
    private func happens(
      in libvirtd: PrivateLibvirtd, killedAfter milliseconds: Int, _ act: () throws(BackendError) -> Void
    ) throws -> Bool {
      let death = Later(milliseconds: milliseconds) {
        libvirtd.killDaemon()
        do { try libvirtd.startDaemon() } catch { Issue.record("\(error)") }
      }
      defer { death.join() }
      do throws(BackendError) {
        try act()
        return true
      } catch {
        guard case .unreachable = error else { throw error }
        return false
      }
    }

    @Test func `a daemon that stays dead leaves the outcome of an act unknown`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd, timeout: 3)
      let death = Later(milliseconds: 100) { libvirtd.killDaemon() }
      endsUnknown(3) { try backend.start(guest.uuid, paused: false) }
      death.join()
      // The next call needs a daemon.
      let error = #expect(throws: BackendError.self) { _ = try backend.guests(GuestFilter()) }
      guard case .unreachable? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }

    @Test func `a backend outlives its daemon`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let guest = try BackendGuest(libvirtd)
      let backend = try BackendGuest.backend(libvirtd)
      try backend.start(guest.uuid, paused: true)
      let emulator = libvirtd.guestProcesses().map(\.pid)
      libvirtd.killDaemon()
      try libvirtd.startDaemon()
      #expect(try backend.guests(GuestFilter()).map(\.state) == [.paused])
      #expect(libvirtd.guestProcesses().map(\.pid) == emulator)
      libvirtd.killDaemon()
      try libvirtd.startDaemon()
      try backend.destroy(guest.uuid, graceful: false)
      #expect(libvirtd.guestProcesses().isEmpty)
    }
  }
}
