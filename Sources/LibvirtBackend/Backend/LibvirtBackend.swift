internal import CLibvirt
package import CVMCore
internal import Synchronization

/// Guests on a libvirt host.
///
/// Every call to libvirt runs on a thread of its own while the caller waits for at most the time limit. An
/// act whose answer does not come (see `perform`) is looked into over a second connection before anything is
/// said about it.
package final class LibvirtBackend: LaunchBackend, Sendable {
  package let uri: String
  let address: ConnectionURI
  let readOnly: Bool
  /// Seconds.
  let timeout: Int
  /// Replaced when it has ended, or when a call on it got no answer.
  private let current = Mutex<Connection?>(nil)

  /// A libvirt host is taken for real until its platform's certificates say otherwise.
  package var isSimulated: Bool { false }

  /// Connects; an empty `uri` is libvirt's own default. `timeout` is the limit for each call, this one
  /// included, in seconds (at least 1). Throws `.unsupported` for a transport without encryption and where
  /// libvirt is missing, `.unreachable`, `.permission` or `.timeout`.
  package init(uri: String, readOnly: Bool, timeout: Int) throws(BackendError) {
    self.uri = uri
    address = ConnectionURI(uri)
    self.readOnly = readOnly
    self.timeout = min(max(timeout, 1), 86_400)
    _ = try connection(begin("connecting to \(uri)", .connect))
  }

  /// Begins to load libvirt, which takes most of a short command's time, while the caller does something
  /// else. What goes wrong is told by whoever connects.
  package static func preload() {
    _ = try? Call { () throws(LibvirtError) in try Library.load() }
  }

  /// Starts the clock for a call of the protocol.
  func begin(_ name: String, _ kind: Act.Kind = .question, on guest: String? = nil) -> Act {
    Act(
      name: name, kind: kind, guest: guest, uri: uri, deadline: .after(milliseconds: timeout * 1000),
      seconds: timeout)
  }

  // MARK: Connections

  /// The connection in use, or a new one where that has ended.
  func connection(_ act: Act) throws(BackendError) -> Connection {
    if let connection = current.withLock({ $0 }), connection.isAlive { return connection }
    let fresh = try open(act)
    use(fresh)
    return fresh
  }

  func use(_ connection: Connection) { current.withLock { $0 = connection } }

  /// Not to be used again: it has ended, or does not answer.
  func drop(_ connection: Connection) {
    current.withLock { if $0 === connection { $0 = nil } }
  }

  /// A new connection.
  func open(_ act: Act) throws(BackendError) -> Connection {
    let (address, readOnly) = (address, readOnly)
    let opened = Call.outcome(until: act.deadline) { () throws(LibvirtError) in
      try Self.open(address, readOnly: readOnly)
    }
    switch opened {
    case .success(let connection): return connection
    case .failure(let error): throw BackendError(error, in: act.as(.connect))
    case nil: throw act.timedOut()
    }
  }

  /// libvirt may make another URI of an alias or of its default: what it really uses is looked at too.
  private static func open(_ address: ConnectionURI, readOnly: Bool) throws(LibvirtError) -> Connection {
    try refuseUnencrypted(address)
    let connection = try Connection(uri: address.forLibvirt, readOnly: readOnly)
    try refuseUnencrypted(ConnectionURI(connection.canonicalURI()))
    return connection
  }

  private static func refuseUnencrypted(_ address: ConnectionURI) throws(LibvirtError) {
    guard !address.isUnencrypted else {
      throw LibvirtError(
        kind: .argument, message: "the transport 'tcp' is not encrypted: use tls, ssh or a local socket")
    }
  }

  // MARK: Questions

  /// Asks something that changes nothing, so that it may be asked again where the connection ends meanwhile.
  func ask<Value: Sendable>(
    _ act: Act, _ body: @escaping @Sendable (Connection) throws(LibvirtError) -> Value
  ) throws(BackendError) -> Value {
    var lost = LibvirtError(kind: .connectionLost, message: "the connection ended")
    for _ in 1...2 {
      let connection = try connection(act)
      switch Call.outcome(until: act.deadline, { () throws(LibvirtError) in try body(connection) }) {
      case .success(let value):
        return value
      case .failure(let error) where error.kind == .connectionLost:
        drop(connection)
        lost = error
      case .failure(let error):
        throw BackendError(error, in: act)
      case nil:
        drop(connection)
        throw act.timedOut()
      }
    }
    throw BackendError(lost, in: act)
  }

  /// The guest's domain object, to act on.
  func domain(_ uuid: GuestUUID, _ act: Act) throws(BackendError) -> Domain {
    try ask(act) { connection throws(LibvirtError) in try Domain.with(uuid: uuid, connection) }
  }
}
