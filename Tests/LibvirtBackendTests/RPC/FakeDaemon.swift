import CLinux
import Foundation
import Glibc
import Synchronization

@testable import LibvirtBackend

/// A daemon on a socket of its own, which answers as a script says. It ends with the value.
final class FakeDaemon: Sendable {
  struct Call: Sendable {
    /// Counts the connections from 1.
    var connection: Int
    var procedure: UInt32
    var serial: UInt32
    var arguments: [UInt8]

    func `is`(_ procedure: Procedure) -> Bool { self.procedure == procedure.rawValue }
  }

  enum Answer: Sendable {
    case result([UInt8])
    case error(code: Int32, domain: Int32 = 10, int1: Int32 = 0)
    /// These bytes instead of a reply.
    case bytes([UInt8])
    /// These bytes, then the end of the connection.
    case bytesAndEnd([UInt8])
    case silence
  }

  /// Nil where nothing unusual happens.
  typealias Script = @Sendable (Call) -> Answer?

  let path: String
  private let service: Service

  init(_ script: @escaping Script = { _ in nil }) throws {
    path = "/tmp/cvm-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    let listener = unsafe cvm_unix_listen(path)
    guard listener >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let service = Service(listener, script)
    self.service = service
    Thread.detachNewThread { service.run() }
  }

  deinit {
    shutdown(service.listener, Int32(SHUT_RDWR))
    _ = unsafe unlink(path)
  }

  var uri: String { "qemu:///system?socket=\(path)" }

  var calls: [Call] { service.calls.withLock { $0 } }

  var connections: Int { Set(calls.map(\.connection)).count }

  /// Returns once `count` calls of the procedure have come, or after 5 s.
  func hasHeard(_ procedure: Procedure, times count: Int = 1) -> Bool {
    for _ in 0..<500 {
      if calls.count(where: { $0.is(procedure) }) >= count { return true }
      usleep(10_000)
    }
    return false
  }

  /// A connection without a backend.
  func connect(readOnly: Bool = false, within milliseconds: Int = 5000) throws -> DaemonConnection? {
    guard let address = address(readOnly: readOnly) else { return nil }
    return try DaemonConnection(to: address, until: .after(milliseconds: milliseconds))
  }

  private func address(readOnly: Bool) -> DaemonAddress? {
    let setting = ClientSetting(isRoot: true, variable: { _ in nil }, content: { _ in .none })
    return DaemonAddress(ConnectionURI(uri), readOnly: readOnly, setting)
  }

  /// What a daemon sends: `words` are those of the header, where they are not as they should be.
  static func reply(
    _ call: Call, status: UInt32 = 0, _ payload: [UInt8], length: UInt32? = nil, words: [Int: UInt32] = [:]
  ) -> [UInt8] {
    var writer = XDRWriter()
    writer.unsigned(length ?? UInt32(28 + payload.count))
    let header: [UInt32] = [0x2000_8086, 1, call.procedure, 1, call.serial, status]
    for (index, word) in header.enumerated() { writer.unsigned(words[index] ?? word) }
    writer.opaque(payload)
    return writer.bytes
  }
}

/// What goes on after the daemon's value is gone, until its clients leave.
private final class Service: Sendable {
  let listener: Int32
  let calls = Mutex<[FakeDaemon.Call]>([])
  private let script: FakeDaemon.Script

  init(_ listener: Int32, _ script: @escaping FakeDaemon.Script) {
    self.listener = listener
    self.script = script
  }

  func run() {
    var count = 0
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { break }
      count += 1
      let number = count
      Thread.detachNewThread { [self] in
        serve(client, number)
        close(client)
      }
    }
    close(listener)
  }

  private func serve(_ client: Int32, _ number: Int) {
    while let length = read(4, client), let size = try? Message.bodySize(after: length),
      let body = read(size, client)
    {
      let words = stride(from: 0, to: 24, by: 4).map { start in
        body[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      }
      let call = FakeDaemon.Call(
        connection: number, procedure: words[2], serial: words[4], arguments: Array(body.dropFirst(24)))
      calls.withLock { $0.append(call) }
      switch script(call) ?? usual(call) {
      case .result(let payload): write(FakeDaemon.reply(call, payload), client)
      case .error(let code, let domain, let int1):
        write(FakeDaemon.reply(call, status: 1, remoteError(code, domain, int1: int1)), client)
      case .bytes(let bytes): write(bytes, client)
      case .bytesAndEnd(let bytes): return write(bytes, client)
      case .silence: break
      }
    }
  }

  /// A daemon without login and without guests.
  private func usual(_ call: FakeDaemon.Call) -> FakeDaemon.Answer {
    switch Procedure(rawValue: call.procedure) {
    case .authList: .result(xdr { $0.unsigned(0) })
    case .connectOpen, .connectClose: .result([])
    case .connectGetAllDomainStats: .result(xdr { $0.unsigned(0) })
    default: .error(code: 3)
    }
  }

  private func read(_ count: Int, _ client: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    guard unsafe recv(client, &bytes, count, Int32(MSG_WAITALL)) == count else { return nil }
    return bytes
  }

  private func write(_ bytes: [UInt8], _ client: Int32) {
    _ = unsafe send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}

func xdr(_ build: (inout XDRWriter) -> Void) -> [UInt8] {
  var writer = XDRWriter()
  build(&writer)
  return writer.bytes
}

/// libvirt's error on the wire, with every optional part or with none.
func remoteError(
  _ code: Int32, _ domain: Int32, int1: Int32 = 0, message: String? = "why", full: Bool = true
) -> [UInt8] {
  xdr { writer in
    func text(_ value: String?) {
      writer.unsigned(value == nil ? 0 : 1)
      if let value { writer.string(value) }
    }
    writer.int(code)
    writer.int(domain)
    text(message)
    writer.int(2)
    writer.unsigned(full ? 1 : 0)
    if full { remoteGuest("web1", id: 7, in: &writer) }
    for part in ["one", "two", "three"] { text(full ? part : nil) }
    writer.int(int1)
    writer.int(-1)
    writer.unsigned(full ? 1 : 0)
    if full {
      writer.string("net")
      writer.opaque([UInt8](repeating: 9, count: 16))
    }
  }
}

/// A guest on the wire, with a UUID made from its name.
func remoteGuest(_ name: String, id: Int32, in writer: inout XDRWriter) {
  writer.string(name)
  writer.opaque(Array((Array(name.utf8) + [UInt8](repeating: 1, count: 16)).prefix(16)))
  writer.int(id)
}

/// What a bulk question returns: two guests with a statistic that nobody asked for.
let twoGuests = xdr { writer in
  writer.unsigned(2)
  for (name, id, state, reason) in [("web1", Int32(7), Int32(3), Int32(1)), ("db", -1, 5, 2)] {
    remoteGuest(name, id: id, in: &writer)
    writer.unsigned(3)
    for (field, value) in [("state.state", state), ("state.reason", reason)] {
      writer.string(field)
      writer.unsigned(1)
      writer.int(value)
    }
    writer.string("later.text")
    writer.unsigned(7)
    writer.string("x")
  }
}
