import CVMCore
import Testing

@testable import LibvirtBackend

@Suite("state and reason words") struct StateCodeTests {
  /// virDomainState, virDomain…Reason (libvirt-domain.h), and what `virsh domstate --reason` prints.
  static let words: [(Int32, Int32, RunState, String?)] = [
    (0, 0, .noState, nil), (1, 0, .running, nil), (1, 1, .running, "booted"),
    (1, 2, .running, "migrated"), (1, 3, .running, "restored"), (1, 4, .running, "from snapshot"),
    (1, 5, .running, "unpaused"), (1, 6, .running, "migration canceled"),
    (1, 7, .running, "save canceled"), (1, 8, .running, "event wakeup"), (1, 9, .running, "crashed"),
    (1, 10, .running, "post-copy"), (1, 11, .running, "post-copy failed"), (2, 0, .idle, nil),
    (3, 0, .paused, nil), (3, 1, .paused, "user"), (3, 2, .paused, "migrating"),
    (3, 3, .paused, "saving"), (3, 4, .paused, "dumping"), (3, 5, .paused, "I/O error"),
    (3, 6, .paused, "watchdog"), (3, 7, .paused, "from snapshot"), (3, 8, .paused, "shutting down"),
    (3, 9, .paused, "creating snapshot"), (3, 10, .paused, "crashed"), (3, 11, .paused, "starting up"),
    (3, 12, .paused, "post-copy"), (3, 13, .paused, "post-copy failed"), (4, 1, .inShutdown, "user"),
    (5, 0, .shutOff, nil), (5, 1, .shutOff, "shutdown"), (5, 2, .shutOff, "destroyed"),
    (5, 3, .shutOff, "crashed"), (5, 4, .shutOff, "migrated"), (5, 5, .shutOff, "saved"),
    (5, 6, .shutOff, "failed"), (5, 7, .shutOff, "from snapshot"), (5, 8, .shutOff, "daemon"),
    (6, 1, .crashed, "panicked"), (7, 0, .pmSuspended, nil),
  ]

  @Test func `are virsh's`() {
    for (state, reason, word, because) in Self.words {
      let code = StateCode(state: state, reason: reason)
      #expect(code.runState == word)
      #expect(code.reasonWord == because)
      #expect(code.isStartingUp == (because == "starting up"))
    }
  }

  @Test(arguments: [(1, 12), (1, -1), (3, 14), (5, .max), (5, .min), (0, 1), (7, 1)] as [(Int32, Int32)])
  func `a reason without a word is none`(_ state: Int32, _ reason: Int32) {
    #expect(StateCode(state: state, reason: reason).reasonWord == nil)
  }

  @Test(arguments: [8, -1, Int32.max, Int32.min])
  func `a state without a word is no state`(_ state: Int32) {
    #expect(StateCode(state: state, reason: 1).runState == .noState)
  }
}

@Suite("version numbers") struct VersionNumberTests {
  @Test func `are written as libvirt writes them`() {
    #expect(VersionNumber.text(9_000_000) == "9.0.0")
    #expect(VersionNumber.text(11_003_000) == "11.3.0")
    #expect(VersionNumber.text(7_002_022) == "7.2.22")
    #expect(VersionNumber.text(0) == nil)
  }
}
