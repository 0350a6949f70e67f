internal import CLibvirt
package import CVMCore
internal import Synchronization

/// Guests on a libvirt host.
///
/// A call ends with the time limit. An act whose answer does not come (see `perform`) is looked into over a
/// second connection before anything is said about it.
///
/// Loading libvirt.so takes most of a short command's time and memory. A daemon on this machine is therefore
/// called over its socket. libvirt.so is for every other host, and takes over for good at a question that the
/// daemon does not answer intelligibly (see `asking`).
package final class LibvirtBackend: LaunchBackend, Sendable {
  package let uri: String
  let address: ConnectionURI
  let readOnly: Bool
  /// Seconds.
  let timeout: Int
  private let way: Mutex<Way>
  /// When a command's act has to have ended; nil where each call has its own limit.
  private let end: Mutex<Deadline?>

  /// What a time limit is for.
  package enum TimeLimit: Sendable {
    /// Each call, connecting included.
    case eachCall
    /// All calls together, from the beginning or from `restartTimeLimit` on. To destroy a guest that was left
    /// behind there is always a little time.
    case allCalls
  }

  /// How the host is called. A connection is replaced when it has ended, or when a call on it got no answer.
  private enum Way {
    /// Over a socket; the connection while nothing uses it.
    case daemon(DaemonAddress, idle: DaemonConnection?)
    case library(Connection?)

    /// The way as it was; an idle connection is the caller's from now on.
    mutating func takeIdle() -> Way {
      let found = self
      if case .daemon(let address, _) = self { self = .daemon(address, idle: nil) }
      return found
    }
  }

  /// A libvirt host is taken for real until its platform's certificates say otherwise.
  package var isSimulated: Bool { false }

  /// Connects; an empty `uri` is libvirt's own default. `timeout` is the limit for what `limits` says, in
  /// seconds (at least 1). Throws `.unsupported` for a transport without encryption and where
  /// libvirt is missing, `.unreachable`, `.permission` or `.timeout`.
  package init(
    uri: String, readOnly: Bool, timeout: Int, limits: TimeLimit = .eachCall
  ) throws(BackendError) {
    self.uri = uri
    address = ConnectionURI(uri)
    self.readOnly = readOnly
    self.timeout = min(max(timeout, 1), 86_400)
    end = Mutex(limits == .eachCall ? nil : .after(milliseconds: self.timeout * 1000))
    let daemon = DaemonAddress(address, readOnly: readOnly, .ofProcess)
    way = Mutex(daemon.map { .daemon($0, idle: nil) } ?? .library(nil))
    keep(try host(begin("connecting to \(uri)", .connect)))
  }

  /// Begins to load libvirt where `uri` needs it, which takes most of a short command's time, while the caller
  /// does something else. What goes wrong is told by whoever connects.
  package static func preload(for uri: String) {
    let address = DaemonAddress(ConnectionURI(uri), readOnly: false, .ofProcess)
    if address?.socket() == nil { _ = try? Call { () throws(LibvirtError) in try Library.load() } }
  }

  package func restartTimeLimit() {
    end.withLock { if $0 != nil { $0 = .after(milliseconds: timeout * 1000) } }
  }

  /// Starts the clock for a call of the protocol, which has at least `least` milliseconds.
  func begin(
    _ name: String, _ kind: Act.Kind = .question, on guest: String? = nil, least: Int = 0
  ) -> Act {
    let end = end.withLock { $0 } ?? .after(milliseconds: timeout * 1000)
    return Act(
      name: name, kind: kind, guest: guest, uri: uri, deadline: max(end, .after(milliseconds: least)),
      seconds: timeout)
  }

  // MARK: Connections

  /// True where the host is libvirt.so's. Until then that is not even loaded.
  package var usesLibrary: Bool {
    way.withLock { if case .library = $0 { true } else { false } }
  }

  /// The host, for one question or act, whose own the connection to a daemon's socket is until it is kept.
  func host(_ act: Act) throws(BackendError) -> any HostConnection {
    if let connection = try daemon(act) {
      return DaemonHost(connection: connection, uri: uri, deadline: act.deadline)
    }
    return try connection(act)
  }

  /// For the next question or act. libvirt.so's connection serves several at once: it is kept already.
  func keep(_ host: any HostConnection) {
    guard let host = host as? DaemonHost else { return }
    way.withLock { if case .daemon(let address, _) = $0 { $0 = .daemon(address, idle: host.connection) } }
  }

  /// Not to be used again: it has ended, or does not answer.
  func drop(_ host: any HostConnection) {
    guard let host = host as? Connection else { return }
    way.withLock { if case .library(let used?) = $0, used === host { $0 = .library(nil) } }
  }

  /// From now on libvirt.so is asked.
  func leaveSocket() { way.withLock { if case .daemon = $0 { $0 = .library(nil) } } }

  /// A connection to a daemon's socket; nil where the host is libvirt.so's.
  private func daemon(_ act: Act) throws(BackendError) -> DaemonConnection? {
    guard case .daemon(let address, let idle) = way.withLock({ $0.takeIdle() }) else { return nil }
    if let idle, idle.isOpen { return idle }
    do throws(LibvirtError) {
      return try DaemonConnection(to: address, until: act.deadline)
    } catch {
      // What goes wrong on the way is better told by libvirt.so.
      if error.kind == .connectionLost || error.isForLibrary { return nil }
      throw BackendError(error, in: act.as(.connect))
    }
  }

  /// libvirt.so's connection in use, or a new one where that has ended.
  private func connection(_ act: Act) throws(BackendError) -> Connection {
    if case .library(let connection?) = way.withLock({ $0 }), connection.isAlive { return connection }
    let fresh = try open(act)
    way.withLock { $0 = .library(fresh) }
    return fresh
  }

  /// A new connection of libvirt.so.
  private func open(_ act: Act) throws(BackendError) -> Connection {
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

  /// The guest, to act on: its connection is the act's.
  func domain(_ uuid: GuestUUID, _ act: Act) throws(BackendError) -> any HostDomain {
    try asking(act) { host throws(LibvirtError) in try host.domain(.uuid(uuid)) }.value
  }
}
