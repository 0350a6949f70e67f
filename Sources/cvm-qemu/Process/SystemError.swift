import Glibc

/// A system call that failed.
struct SystemError: Error, Equatable {
  let call: String
  let path: String?
  let code: Int32

  /// Takes the code from `errno` unless given: make it directly after the call.
  init(_ call: String, path: String? = nil, code: Int32 = errno) {
    self.call = call
    self.path = path
    self.code = code
  }

  /// The system's own words for the code.
  var reason: String { unsafe String(cString: strerror(code)) }

  var summary: String { (path.map { "\(call) \($0)" } ?? call) + ": " + reason }
}

/// Runs what makes system calls on the way to a launch.
func system<R>(_ body: () throws(SystemError) -> R) throws(LaunchRefusal) -> R {
  do { return try body() } catch { throw .system(error) }
}
