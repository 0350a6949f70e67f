internal import CLinux
internal import Glibc

/// A unix stream socket to a daemon. It never blocks: what has to be waited for is waited for until a
/// deadline.
final class DaemonSocket: Sendable {
  private let descriptor: Int32

  /// Connects; nil where nobody listens at `path`, or will not now. `errno` says why.
  init?(path: String) {
    descriptor = unsafe cvm_unix_connect(path)
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }

  /// False once the daemon has closed its end. Asks nobody.
  var isOpen: Bool {
    var byte: UInt8 = 0
    let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK))
    return count > 0 || count < 0 && errno == EAGAIN
  }

  func send(_ bytes: [UInt8], until deadline: Deadline) throws(LibvirtError) {
    var sent = 0
    while sent < bytes.count {
      try wait(for: POLLOUT, until: deadline)
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      sent += try progress(count)
    }
  }

  /// Exactly `count` bytes.
  func receive(_ count: Int, until deadline: Deadline) throws(LibvirtError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var received = 0
    while received < count {
      try wait(for: POLLIN, until: deadline)
      let more = unsafe bytes.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress?.advanced(by: received), $0.count - received, 0)
      }
      guard more != 0 else { throw Self.lost("the daemon closed the connection") }
      received += try progress(more)
    }
    return bytes
  }

  /// The result of a call that moves bytes: 0 where it has to be tried again.
  private func progress(_ count: Int) throws(LibvirtError) -> Int {
    guard count < 0 else { return count }
    guard errno == EAGAIN || errno == EINTR else { throw Self.lost(Self.text(errno)) }
    return 0
  }

  private func wait(for events: Int32, until deadline: Deadline) throws(LibvirtError) {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    let ready = unsafe poll(&entry, 1, deadline.millisecondsLeft)
    if ready == 0 { throw LibvirtError(kind: .overdue, message: "the daemon did not answer in time") }
    guard ready > 0 || errno == EINTR else { throw Self.lost(Self.text(errno)) }
  }

  private static func lost(_ reason: String) -> LibvirtError {
    LibvirtError(kind: .connectionLost, message: reason)
  }

  private static func text(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
