internal import CLibvirt
internal import CVMCore
private import Glibc

extension BackendError {
  /// What an error means is decided by libvirt's code, its error domain and the act, never by its text.
  ///
  /// | code | name | here |
  /// |-----:|------|------|
  /// | 27, 35, 92 | XML_ERROR, XML_DETAIL, XML_INVALID_SCHEMA | `invalidDefinition` |
  /// | 29, 88 | OPERATION_DENIED, ACCESS_DENIED | `permission` |
  /// | 42 | NO_DOMAIN | `guestNotFound` |
  /// | 55, 78, 87 | OPERATION_INVALID, OPERATION_ABORTED, RESOURCE_BUSY | `conflict` |
  /// | 68 | OPERATION_TIMEOUT: libvirt's own wait for a busy guest | `timeout` |
  /// | 3, 8, 84 | NO_SUPPORT, INVALID_ARG, OPERATION_UNSUPPORTED | `unsupported` |
  /// | 67, 91 | CONFIG_UNSUPPORTED, CPU_INCOMPATIBLE | `unsupported` |
  /// | 40, 85, 98 | GNUTLS_ERROR, SSH, LIBSSH | `unreachable` |
  /// | 45, 79, 94 | AUTH_FAILED, AUTH_CANCELLED, AUTH_UNAVAILABLE | `unreachable` |
  /// | 9 | OPERATION_FAILED | `conflict` in a definition (name or UUID taken), else as any other |
  /// | any other | | `launchFailed` in a launch, else `failed` |
  ///
  /// While connecting only 3, 29, 88 and 38 with EACCES or EPERM are told apart; anything else is
  /// `unreachable`.
  init(_ error: LibvirtError, in act: Act) {
    switch error.kind {
    case .libvirt(let code, _, let errno) where act.kind == .connect:
      self = Self.connecting(virErrorNumber(UInt32(truncatingIfNeeded: code)), errno, error.message, act)
    case .libvirt(let code, _, _):
      self.init(virErrorNumber(UInt32(truncatingIfNeeded: code)), error.message, act)
    case .connectionLost: self = .unreachable(uri: act.uri, reason: error.message)
    case .library: self = .unsupported(reason: error.message)
    case .argument: self = Self.refused(error.message, act)
    case .answer: self = Self.other(error.message, act)
    case .leftBehind: self = act.unknown(error.message)
    case .thread, .notUnderstood: self = .failed(operation: act.name, reason: error.message)
    case .overdue: self = act.timedOut()
    }
  }

  private init(_ code: virErrorNumber, _ reason: String, _ act: Act) {
    switch code {
    case VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_XML_INVALID_SCHEMA:
      self = .invalidDefinition(reason: reason)
    case VIR_ERR_OPERATION_DENIED, VIR_ERR_ACCESS_DENIED:
      self = .permission(reason: reason)
    case VIR_ERR_NO_DOMAIN:
      self = act.guest.map { .guestNotFound($0) } ?? .failed(operation: act.name, reason: reason)
    case VIR_ERR_OPERATION_INVALID, VIR_ERR_OPERATION_ABORTED, VIR_ERR_RESOURCE_BUSY:
      self = .conflict(reason: reason)
    case VIR_ERR_OPERATION_FAILED where act.kind == .definition:
      self = .conflict(reason: reason)
    case VIR_ERR_OPERATION_TIMEOUT:
      self = .timeout(operation: "\(act.name) (\(reason))", seconds: Self.jobWait)
    case VIR_ERR_NO_SUPPORT, VIR_ERR_INVALID_ARG, VIR_ERR_CONFIG_UNSUPPORTED,
      VIR_ERR_OPERATION_UNSUPPORTED, VIR_ERR_CPU_INCOMPATIBLE:
      self = .unsupported(reason: reason)
    case VIR_ERR_GNUTLS_ERROR, VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_CANCELLED, VIR_ERR_SSH,
      VIR_ERR_AUTH_UNAVAILABLE, VIR_ERR_LIBSSH:
      self = .unreachable(uri: act.uri, reason: reason)
    default:
      self = Self.other(reason, act)
    }
  }

  private static func other(_ reason: String, _ act: Act) -> BackendError {
    switch act.kind {
    case .connect: .unreachable(uri: act.uri, reason: reason)
    case .launch: .launchFailed(reason: reason, status: FirmwareStatusText.status(in: reason))
    case .question, .definition, .change: .failed(operation: act.name, reason: reason)
    }
  }

  private static func connecting(
    _ code: virErrorNumber, _ errno: Int32?, _ reason: String, _ act: Act
  ) -> BackendError {
    switch code {
    case VIR_ERR_OPERATION_DENIED, VIR_ERR_ACCESS_DENIED: .permission(reason: reason)
    case VIR_ERR_SYSTEM_ERROR where errno == EACCES || errno == EPERM: .permission(reason: reason)
    case VIR_ERR_NO_SUPPORT: .unsupported(reason: reason)
    default: .unreachable(uri: act.uri, reason: reason)
    }
  }

  private static func refused(_ reason: String, _ act: Act) -> BackendError {
    switch act.kind {
    case .connect: .unsupported(reason: reason)
    case .definition, .launch: .invalidDefinition(reason: reason)
    case .question, .change: .failed(operation: act.name, reason: reason)
    }
  }

  /// Seconds that libvirt's QEMU driver waits for a guest that is busy with another call.
  private static let jobWait = 30
}
