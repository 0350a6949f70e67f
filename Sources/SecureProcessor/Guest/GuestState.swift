/// The life of a guest context. Source: AMD 55766, section 6.1 (numbers as in GUEST_STATUS).
package enum GuestState: UInt8, CaseIterable, Sendable {
  /// No such guest.
  case uninitialized = 0
  /// Between LAUNCH_START and LAUNCH_MEASURE: memory is being encrypted and measured.
  case launchUpdate = 1
  /// Measured, waiting for secrets or for LAUNCH_FINISH.
  case launchSecret = 2
  case running = 3
  case sendUpdate = 4
  case receiveUpdate = 5
  case sent = 6

  /// AMD's name.
  package var amdName: String {
    switch self {
    case .uninitialized: "UNINIT"
    case .launchUpdate: "LUPDATE"
    case .launchSecret: "LSECRET"
    case .running: "RUNNING"
    case .sendUpdate: "SUPDATE"
    case .receiveUpdate: "RUPDATE"
    case .sent: "SENT"
    }
  }

  /// Whether a CPU may have run with the guest's ASID, so that caches can hold its data.
  var hasRun: Bool {
    switch self {
    case .running, .sendUpdate, .sent: true
    case .uninitialized, .launchUpdate, .launchSecret, .receiveUpdate: false
    }
  }
}
