import CLinux
import Glibc

/// Owns one file descriptor and closes it when the last reference goes.
final class Descriptor {
  /// -1 once closed.
  private(set) var number: Int32

  init(owning number: Int32) { self.number = number }

  deinit { close() }

  /// Closes it now.
  func close() {
    if number >= 0 { _ = Glibc.close(number) }
    number = -1
  }

  /// Lets the program that replaces this one inherit the descriptor, or not.
  func closeOnExec(_ on: Bool) throws(SystemError) {
    guard cvm_close_on_exec(number, on ? 1 : 0) == 0 else { throw SystemError("fcntl") }
  }

  func nonblocking() throws(SystemError) {
    let flags = fcntl(number, F_GETFL)
    guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else { throw SystemError("fcntl") }
  }

  /// Both ends of a close-on-exec pipe.
  static func pipe() throws(SystemError) -> (reader: Descriptor, writer: Descriptor) {
    var reader: Int32 = -1
    var writer: Int32 = -1
    guard unsafe cvm_pipe(&reader, &writer) == 0 else { throw SystemError("pipe2") }
    return (Descriptor(owning: reader), Descriptor(owning: writer))
  }

  /// A close-on-exec descriptor of `size` bytes of anonymous memory, all zero and not yet taken from the system.
  static func memory(_ name: String, size: UInt64) throws(SystemError) -> Descriptor {
    guard let length = Int(exactly: size) else { throw SystemError("ftruncate", code: EFBIG) }
    let number = unsafe cvm_memfd(name, 0)
    guard number >= 0 else { throw SystemError("memfd_create") }
    let memory = Descriptor(owning: number)
    guard ftruncate(number, length) == 0 else { throw SystemError("ftruncate") }
    return memory
  }

  static func open(_ path: String, _ flags: Int32) throws(SystemError) -> Descriptor {
    let number = unsafe Glibc.open(path, flags | O_CLOEXEC)
    guard number >= 0 else { throw SystemError("open", path: path) }
    return Descriptor(owning: number)
  }
}
