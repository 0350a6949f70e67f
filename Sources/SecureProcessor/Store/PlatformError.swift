package import CVMCrypto
private import Glibc

/// What goes wrong between the AMD-SP and the directory that it is kept in.
package enum PlatformError: Error, Equatable, Sendable {
  case notFound(path: String)
  case exists(path: String)
  /// A file failed its integrity check: it was damaged, cut, or belongs to another guest or host.
  case corrupt(file: String, reason: String)
  /// Written by a newer version of this program.
  case newer(file: String, version: UInt32)
  /// A file or directory whose owner, mode or kind is not what was written: nothing in it is believed.
  case permission(file: String, reason: String)
  /// Another process held the lock for the whole time limit; `holder` is its process id, where the kernel
  /// tells.
  case locked(file: String, holder: Int32?, seconds: Int)
  /// `number` is the call's errno.
  case system(operation: String, file: String, number: Int32)
  case crypto(CryptoError)
  /// The AMD-SP refused to be switched on.
  case refused(CommandFailure)
  /// A launch before LAUNCH_MEASURE cannot be stored: its digest still runs.
  case launchIncomplete(handle: UInt32)

  /// One line for people, lower case, without a full stop.
  package var summary: String {
    switch self {
    case .notFound(let path): return "'\(path)' does not exist"
    case .exists(let path): return "'\(path)' exists already"
    case .corrupt(let file, let reason): return "\(file) is damaged: \(reason)"
    case .newer(let file, let version): return "\(file) has format \(version) of a newer version"
    case .permission(let file, let reason): return "\(file): \(reason)"
    case .locked(let file, let holder, let seconds):
      let who = holder.map { "process \($0)" } ?? "another process"
      return "\(who) held the lock \(file) for \(seconds) s"
    case .system(let operation, let file, let number):
      let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
      return "cannot \(operation) \(file): \(reason)"
    case .crypto(let error): return error.summary
    case .refused(let failure): return failure.summary
    case .launchIncomplete(let handle): return "guest \(handle) is not measured yet"
    }
  }
}
