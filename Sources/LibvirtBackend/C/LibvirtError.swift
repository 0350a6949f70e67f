internal import CLibvirt

/// Why a libvirt call failed: a copy of libvirt's thread-local error, made on the failing thread directly
/// after the call, or of the one that the daemon sent.
struct LibvirtError: Error, Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// libvirt's error: `virErrorNumber`, `virErrorDomain`, and `errno` where libvirt tells it.
    case libvirt(code: Int, domain: Int, errno: Int32?)
    /// The call was under way, or about to be sent, when the connection ended.
    case connectionLost
    /// `libvirt.so.0` or one of its functions is missing.
    case library
    /// Refused before libvirt was called.
    case argument
    /// libvirt did something else than it promises.
    case answer
    /// A guest that had to be taken back is still there.
    case leftBehind
    /// The system would not start a thread.
    case thread
    /// A daemon asked without libvirt.so gave no answer by the deadline.
    case overdue
    /// A daemon asked without libvirt.so said what only libvirt.so can make something of.
    case notUnderstood
  }

  let kind: Kind
  let message: String

  init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }

  /// `virErrorNumber`; nil where the failure is not libvirt's.
  var code: Int? {
    guard case .libvirt(let code, _, _) = kind else { return nil }
    return code
  }

  /// The driver has no such function.
  var isUnsupported: Bool { code == Int(VIR_ERR_NO_SUPPORT.rawValue) }

  /// About the conversation rather than the question: the daemon has no such procedure, or the arguments are
  /// not what it expects.
  var isOfProtocol: Bool { code == Int(VIR_ERR_RPC.rawValue) }

  /// Copies the calling thread's last error. A call may fail without setting one.
  static func last(_ library: Library) -> LibvirtError {
    guard let error = unsafe library.functions.pointee.virGetLastError() else {
      return LibvirtError(
        kind: .libvirt(code: Int(VIR_ERR_INTERNAL_ERROR.rawValue), domain: 0, errno: nil),
        message: "libvirt gave no reason")
    }
    return unsafe LibvirtError(
      code: Int(error.pointee.code), domain: Int(error.pointee.domain), int1: error.pointee.int1,
      message: Library.text(error.pointee.message) ?? "libvirt gave no reason")
  }

  /// From the members of libvirt's error: `int1` is `errno` in a system error.
  init(code: Int, domain: Int, int1: Int32, message: String) {
    let isSystemError = code == Int(VIR_ERR_SYSTEM_ERROR.rawValue)
    self.init(
      kind: .libvirt(code: code, domain: domain, errno: isSystemError && int1 > 0 ? int1 : nil),
      message: message)
  }
}
