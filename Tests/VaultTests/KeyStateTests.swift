import Testing
import Vault

@Suite("Key states") struct KeyStateTests {
  /// NIST SP 800-57 Part 1: a row for the state before, a column for the state after, in the order of `allCases`.
  private static let table = [
    // pre-active, active, suspended, deactivated, compromised, destroyed
    "-A--CX",  // pre-active
    "--SDCX",  // active
    "-A-DCX",  // suspended
    "----CX",  // deactivated
    "-----X",  // compromised
    "------",  // destroyed
  ]

  @Test func `each of the 36 changes is allowed or not, as the standard has it`() {
    var count = 0
    for (old, row) in zip(KeyState.allCases, Self.table) {
      for (new, mark) in zip(KeyState.allCases, row) {
        #expect(old.mayBecome(new) == (mark != "-"), "\(old) to \(new)")
        count += 1
      }
    }
    #expect(count == 36)
  }

  @Test func `only an active key protects something new`() {
    for state in KeyState.allCases {
      #expect(state.allows(.protect) == (state == .active), "\(state)")
      #expect(state.allows(.protect, evenCompromised: true) == (state == .active), "\(state)")
    }
  }

  @Test func `what is there is read until the key is compromised, and then by consent only`() {
    let reading = KeyState.allCases.filter { $0.allows(.process) }
    #expect(reading == [.active, .suspended, .deactivated])
    let daring = KeyState.allCases.filter { $0.allows(.process, evenCompromised: true) }
    #expect(daring == [.active, .suspended, .deactivated, .compromised])
  }

  @Test func `states are kept by these words`() {
    #expect(
      KeyState.allCases.map(\.rawValue) == [
        "pre-active", "active", "suspended", "deactivated", "compromised", "destroyed",
      ])
  }
}
