/// The short life between QEMU and the proxy: starts the proxy in a session of its own and ends, so that the proxy is no
/// child of the process that becomes QEMU. Hands on the descriptors that it was given and no other.
enum DetachProgram {
  static func run(guest: String) -> Int32 {
    let inherited = ProxyDescriptors.inherited()
    let proxy = Role.proxy(guest: guest)
    guard (try? ChildProcess.spawn(proxy.arguments, descriptors: inherited, newSession: true)) != nil else {
      return 1
    }
    return 0
  }
}
