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
}
