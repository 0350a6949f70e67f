import CLinux
import Glibc

/// Starting this program again in another role, and becoming QEMU.
enum ChildProcess {
  /// The image of this process: the same file, even if its name now holds another one.
  static let thisProgram = "/proc/self/exe"

  /// Runs this program with `arguments`; its descriptors 3, 4, … are `descriptors`, and it has no others.
  static func spawn(
    _ arguments: [String], descriptors: [Descriptor], newSession: Bool
  ) throws(SystemError) -> pid_t {
    try spawn(thisProgram, arguments, descriptors, output: nil, newSession: newSession)
  }

  /// Runs `program`, which writes to `output`; it has no other descriptor.
  static func spawn(
    _ program: String, _ arguments: [String], output: Descriptor
  ) throws(SystemError) -> pid_t {
    try spawn(program, [program] + arguments, [], output: output, newSession: false)
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ descriptors: [Descriptor], output: Descriptor?,
    newSession: Bool
  ) throws(SystemError) -> pid_t {
    let numbers = descriptors.map(\.number)
    let child = unsafe ArgumentVector(texts: arguments).withPointers { argv in
      unsafe cvm_spawn(
        program, argv, environ, numbers, Int32(clamping: numbers.count), output?.number ?? -1,
        newSession ? 1 : 0)
    }
    guard child > 0 else { throw SystemError("posix_spawn", path: program) }
    return child
  }

  /// Waits for a child to end.
  static func wait(for child: pid_t) {
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
  }

  /// Replaces this process by `program`; returns only to say why it could not.
  static func become(_ program: String, _ arguments: ArgumentVector) -> SystemError {
    _ = unsafe arguments.withPointers { argv in unsafe execv(program, argv) }
    return SystemError("exec", path: program)
  }
}
