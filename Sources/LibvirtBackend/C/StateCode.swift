internal import CLibvirt
internal import CVMCore

/// `virDomainState` and the reason that belongs to it, as libvirt's numbers.
struct StateCode: Equatable, Sendable {
  var state: Int32
  var reason: Int32

  /// virsh's word for the state; a state newer than this code is `noState`.
  var runState: RunState {
    switch UInt32(bitPattern: state) {
    case VIR_DOMAIN_RUNNING.rawValue: .running
    case VIR_DOMAIN_BLOCKED.rawValue: .idle
    case VIR_DOMAIN_PAUSED.rawValue: .paused
    case VIR_DOMAIN_SHUTDOWN.rawValue: .inShutdown
    case VIR_DOMAIN_SHUTOFF.rawValue: .shutOff
    case VIR_DOMAIN_CRASHED.rawValue: .crashed
    case VIR_DOMAIN_PMSUSPENDED.rawValue: .pmSuspended
    default: .noState
    }
  }

  /// virsh's word for the reason; nil where libvirt knows none, or one newer than this code.
  var reasonWord: String? {
    let words = reasonWords
    guard let index = Int(exactly: reason), index > 0, index <= words.count else { return nil }
    return words[index - 1]
  }

  /// The emulator was started and does not answer as a guest yet.
  var isStartingUp: Bool {
    runState == .paused && reason == Int32(VIR_DOMAIN_PAUSED_STARTING_UP.rawValue)
  }

  /// In the order of libvirt's numbers from 1; 0 is always "unknown".
  private var reasonWords: [String] {
    switch runState {
    case .running: Self.runningWords
    case .paused: Self.pausedWords
    case .inShutdown: Self.inShutdownWords
    case .shutOff: Self.shutOffWords
    case .crashed: Self.crashedWords
    case .noState, .idle, .pmSuspended: []
    }
  }

  private static let runningWords = [
    "booted", "migrated", "restored", "from snapshot", "unpaused", "migration canceled", "save canceled",
    "event wakeup", "crashed", "post-copy", "post-copy failed",
  ]
  private static let pausedWords = [
    "user", "migrating", "saving", "dumping", "I/O error", "watchdog", "from snapshot", "shutting down",
    "creating snapshot", "crashed", "starting up", "post-copy", "post-copy failed",
  ]
  private static let inShutdownWords = ["user"]
  private static let shutOffWords = [
    "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from snapshot", "daemon",
  ]
  private static let crashedWords = ["panicked"]
}
