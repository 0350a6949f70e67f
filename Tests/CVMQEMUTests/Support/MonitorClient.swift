import Glibc

@testable import cvm_qemu

/// A QMP client that knows nothing of proxies.
final class MonitorClient {
  let socket: Descriptor
  private var bytes: [UInt8] = []

  /// Connects, and negotiates unless told otherwise.
  init(_ path: String, negotiates: Bool = true) throws {
    var found: Descriptor?
    _ = Waiting.until {
      found = try? UnixSocket.connect(path: path)
      return found != nil
    }
    guard let found else { throw SystemError("connect", path: path, code: ECONNREFUSED) }
    socket = found
    guard negotiates else { return }
    _ = try line()
    _ = try ask("{\"execute\":\"qmp_capabilities\"}")
  }

  struct Ended: Error {}

  /// Sends a command; its reply. Events before it are skipped.
  func ask(_ command: String, _ descriptors: [Descriptor] = []) throws -> String {
    try send(command + "\n", descriptors)
    while true {
      let line = try line()
      if !line.hasPrefix("{\"timestamp\"") { return line }
    }
  }

  func send(_ text: String, _ descriptors: [Descriptor] = []) throws {
    var outbox = Outbox()
    outbox.append(Array(text.utf8), descriptors)
    while !outbox.isEmpty {
      guard outbox.flush(to: socket) else { throw Ended() }
      if !outbox.isEmpty { _ = Poll.wait([.init(socket, events: Int16(POLLOUT))], timeout: 20_000) }
    }
  }

  /// The next line without its end. Throws at the end of the connection.
  func line() throws -> String {
    let deadline = Clock.milliseconds() + 20_000
    while true {
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: bytes[..<end], as: UTF8.self)
        bytes.removeFirst(end + 1)
        return String(line.dropLast())  // CR
      }
      let left = deadline - Clock.milliseconds()
      guard left > 0, Poll.wait([.init(socket, events: Int16(POLLIN))], timeout: left)[0] != 0 else {
        throw Ended()
      }
      switch Inbox.read(socket) {
      case .bytes(let more, _): bytes += more
      case .nothing: break
      case .ended: throw Ended()
      }
    }
  }

  /// Lines until the connection ends.
  func rest() -> [String] {
    var lines: [String] = []
    while let line = try? line() { lines.append(line) }
    return lines
  }
}
