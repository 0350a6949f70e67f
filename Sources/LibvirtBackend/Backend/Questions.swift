internal import CVMCore

/// Questions change nothing, so that they may be asked again where the connection ends meanwhile.
extension LibvirtBackend {
  /// Asks what can be read without libvirt.so: over the daemon's socket as long as the backend goes that way
  /// and the daemon's answer is understood, else over libvirt.so.
  func read<Value: Sendable>(
    _ act: Act, _ question: @escaping @Sendable (any HostReader) throws(LibvirtError) -> Value
  ) throws(BackendError) -> Value {
    if let answer = try askDaemon(act, question) { return answer }
    return try ask(act) { connection throws(LibvirtError) in try question(connection) }
  }

  /// Asks over libvirt.so.
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

  /// Nil where the question is libvirt.so's.
  private func askDaemon<Value>(
    _ act: Act, _ question: (any HostReader) throws(LibvirtError) -> Value
  ) throws(BackendError) -> Value? {
    var lost = LibvirtError(kind: .connectionLost, message: "the connection ended")
    for _ in 1...2 {
      guard let connection = try daemon(act) else { return nil }
      defer { keep(connection) }
      do throws(LibvirtError) {
        return try question(DaemonReader(connection: connection, uri: uri, deadline: act.deadline))
      } catch {
        guard error.kind == .connectionLost else {
          if error.isForLibrary { return nil }
          throw BackendError(error, in: act)
        }
        lost = error
      }
    }
    throw BackendError(lost, in: act)
  }
}

extension LibvirtError {
  /// libvirt.so may know another way.
  var isForLibrary: Bool { kind == .notUnderstood || isUnsupported || isOfProtocol }
}
