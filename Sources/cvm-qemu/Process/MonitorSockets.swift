/// The two listeners of a monitor: the client's, which the proxy takes over, and a nameless one for QEMU.
final class MonitorSockets {
  private let client: Descriptor
  private let address: Descriptor
  /// QEMU's listener.
  let qemu: Descriptor

  init(_ plan: MonitorPlan) throws(SystemError) {
    let path: String
    switch plan.listener {
    case .inherited(let number):
      client = Descriptor(owning: number)
      path = try UnixSocket.path(of: client)
      try client.closeOnExec(true)
    case .path(let given):
      client = try UnixSocket.listen(at: given)
      path = given
    }
    try client.nonblocking()
    (qemu, address) = try UnixSocket.listenUnnamed(beside: path)
  }

  var forProxy: ProxyDescriptors.Monitor { .init(listener: client, qemuAddress: address) }
}

extension MonitorPlan {
  /// The socket's path where it is ours to remove.
  var ownPath: String? { if case .path(let path) = listener { path } else { nil } }
}
