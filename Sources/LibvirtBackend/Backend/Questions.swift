internal import CVMCore

/// Questions change nothing, so that they may be asked again where the connection ends meanwhile.
extension LibvirtBackend {
  func ask<Value: Sendable>(
    _ act: Act, _ question: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Value
  ) throws(BackendError) -> Value {
    let (value, host) = try asking(act, question)
    keep(host)
    return value
  }

  /// Asks the daemon over its socket as long as the backend goes that way and the answer is understood, else
  /// libvirt.so. The connection that answered is the caller's until it is kept.
  func asking<Value: Sendable>(
    _ act: Act, _ question: @escaping @Sendable (any HostConnection) throws(LibvirtError) -> Value
  ) throws(BackendError) -> (value: Value, host: any HostConnection) {
    var lost = LibvirtError(kind: .connectionLost, message: "the connection ended")
    for _ in 1...2 {
      let host = try host(act)
      switch host.outcome(until: act.deadline, { () throws(LibvirtError) in try question(host) }) {
      case .success(let value):
        return (value, host)
      case .failure(let error) where error.kind == .connectionLost:
        drop(host)
        lost = error
      case .failure(let error) where error.isForLibrary && host is DaemonHost:
        leaveSocket()
        return try asking(act, question)  // of libvirt.so: once
      case .failure(let error):
        keep(host)
        throw BackendError(error, in: act)
      case nil:
        drop(host)
        throw act.timedOut()
      }
    }
    throw BackendError(lost, in: act)
  }
}

extension LibvirtError {
  /// libvirt.so may know another way.
  var isForLibrary: Bool { kind == .notUnderstood || isUnsupported || isOfProtocol }
}
