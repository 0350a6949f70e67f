internal import Bytes
internal import Synchronization

/// A conversation with a local daemon. One question at a time has it: a call that reads another one's reply
/// fails.
final class DaemonConnection: Sendable {
  private let socket: DaemonSocket
  private let serial = Atomic<UInt32>(0)
  /// No call is under way, and none ended in anything but an answer or the daemon's error.
  private let isIntact = Atomic<Bool>(true)

  /// Connects and opens the host. Nil where that takes more than a socket: no daemon listens, or it wants to
  /// know who asks.
  init?(to address: DaemonAddress, until deadline: Deadline) throws(LibvirtError) {
    guard let path = address.socket(), let socket = DaemonSocket(path: path) else { return nil }
    self.socket = socket
    guard try wantsNoLogin(deadline) else {
      isIntact.store(false, ordering: .relaxed)  // a goodbye would be refused
      return nil
    }
    try open(address, deadline)
  }

  /// A daemon that is left without a goodbye, or before it has answered it, notes an error in its log. It is
  /// waited for a little.
  deinit {
    if isIntact.load(ordering: .relaxed) {
      try? call(.connectClose, until: .after(milliseconds: 100)) { _ in }
    }
  }

  /// False once it is of no more use. Asks nobody.
  var isOpen: Bool { isIntact.load(ordering: .relaxed) && socket.isOpen }

  /// Calls a procedure; `result` reads all that it returns.
  func call<Value>(
    _ procedure: Procedure, _ arguments: XDRWriter = XDRWriter(), until deadline: Deadline,
    _ result: (inout XDRReader) throws(FormatError) -> Value
  ) throws(LibvirtError) -> Value {
    isIntact.store(false, ordering: .relaxed)
    let payload = try exchange(procedure, arguments, deadline)
    isIntact.store(true, ordering: .relaxed)
    switch payload {
    case .error(let error): throw LibvirtError(error)
    case .result(var reader):
      return try understand { () throws(FormatError) in
        let value = try result(&reader)
        try reader.finish()
        return value
      }
    }
  }

  private func exchange(
    _ procedure: Procedure, _ arguments: XDRWriter, _ deadline: Deadline
  ) throws(LibvirtError) -> Message.Payload {
    let serial = serial.wrappingAdd(1, ordering: .relaxed).oldValue
    try socket.send(Message.call(procedure, serial: serial, arguments), until: deadline)
    let length = try socket.receive(Message.lengthSize, until: deadline)
    let size = try understand { () throws(FormatError) in try Message.bodySize(after: length) }
    let body = try socket.receive(size, until: deadline)
    return try understand { () throws(FormatError) in
      try Message.payload(of: body, replyingTo: procedure, serial: serial)
    }
  }

  private func understand<Value>(
    _ read: () throws(FormatError) -> Value
  ) throws(LibvirtError) -> Value {
    do throws(FormatError) {
      return try read()
    } catch {
      throw LibvirtError(kind: .notUnderstood, message: error.summary)
    }
  }

  // MARK: Opening

  /// AUTH_LIST returns an array of enums, of which libvirt's client takes the first: 0 none, 1 SASL,
  /// 2 polkit.
  private func wantsNoLogin(_ deadline: Deadline) throws(LibvirtError) -> Bool {
    let kinds = try call(.authList, until: deadline) { reader throws(FormatError) in
      var kinds: [UInt32] = []
      for _ in 0..<(try reader.count(limit: 20, each: 4)) { kinds.append(try reader.unsigned()) }
      return kinds
    }
    return kinds.first ?? 0 == 0
  }

  /// CONNECT_OPEN takes the URI as an optional string, and flags.
  private func open(_ address: DaemonAddress, _ deadline: Deadline) throws(LibvirtError) {
    var arguments = XDRWriter()
    arguments.unsigned(1)
    arguments.string(address.host)
    arguments.unsigned(address.readOnly ? Self.readOnlyFlag : 0)
    try call(.connectOpen, arguments, until: deadline) { _ in }
  }

  /// VIR_CONNECT_RO.
  private static let readOnlyFlag: UInt32 = 1
}
