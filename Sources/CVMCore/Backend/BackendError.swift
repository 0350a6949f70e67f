/// What went wrong at a host. `reason` texts come from libvirt, QEMU or the system: they are shown escaped, never interpreted.
package enum BackendError: Error, Equatable, Sendable {
  case unreachable(uri: String, reason: String)
  case guestNotFound(String)
  /// The name or UUID is taken, or the guest is in the wrong state for the act.
  case conflict(reason: String)
  case unsupported(reason: String)
  /// The domain XML is not accepted.
  case invalidDefinition(reason: String)
  case permission(reason: String)
  case timeout(operation: String, seconds: Int)
  /// The act was sent, then the connection was lost.
  case outcomeUnknown(operation: String, reason: String)
  /// The emulator or the AMD-SP refused or ended the launch; `status` is AMD's status code where the text tells it.
  case launchFailed(reason: String, status: UInt32?)
  case failed(operation: String, reason: String)
  /// The host's stored state failed its integrity check.
  case corrupt(file: String, reason: String)

  package var summary: String {
    switch self {
    case .unreachable(let uri, let reason): "cannot reach \(uri): \(reason)"
    case .guestNotFound(let name): "no guest '\(name)'"
    case .conflict(let reason): reason
    case .unsupported(let reason): reason
    case .invalidDefinition(let reason): reason
    case .permission(let reason): reason
    case .timeout(let operation, let seconds): "\(operation) did not end within \(seconds) s"
    case .outcomeUnknown(let operation, let reason): "the outcome of '\(operation)' is unknown: \(reason)"
    case .launchFailed(let reason, _): "the launch failed: \(reason)"
    case .failed(let operation, let reason): "\(operation) failed: \(reason)"
    case .corrupt(let file, let reason): "\(file) is damaged: \(reason)"
    }
  }

  /// What to do about it, where there is honest advice.
  package var hint: String? {
    switch self {
    case .unreachable(let uri, _):
      uri.hasPrefix("sim:") ? nil : "is libvirtd running? Without SEV hardware, try --connect sim:///"
    case .timeout: "give it longer with --timeout SECONDS"
    case .outcomeUnknown: "run the command again: it takes up where this one stopped"
    case .launchFailed(_, let status): Self.cause(of: status)
    case .guestNotFound, .conflict, .unsupported, .invalidDefinition, .permission, .failed, .corrupt: nil
    }
  }

  /// The likely cause of an AMD-SP status at launch (SEV API, LAUNCH_START).
  private static func cause(of status: UInt32?) -> String? {
    switch status {
    case 0x0B: "the session is for another platform key or another policy: make a fresh one"
    case 0x07: "the firmware does not accept the policy: is its minimum API newer than the firmware?"
    case 0x06: "the owner's certificate is not one that the firmware accepts"
    case 0x0E, 0x0F: "the host must flush its caches before it can reuse an ASID: try again"
    case 0x15: "the platform was not set up for SEV-ES: set kvm_amd sev_es=1 and the BIOS' SEV-ES ASID limit"
    case 0x17: "the platform has no room for another guest"
    default: nil
    }
  }
}
