internal import CLibvirt
internal import CVMCore

/// One `virConnectPtr`. Its methods block for as long as the daemon likes: they belong on a `Call`'s thread.
@safe final class Connection: @unchecked Sendable {
  let library: Library
  /// libvirt's connections may be used from several threads at once.
  let pointer: virConnectPtr

  /// Connects without asking anybody for anything. `readOnly`: no act is possible.
  init(uri: String, readOnly: Bool) throws(LibvirtError) {
    let library = try Library.load()
    let uri = try Library.argument(uri, "the URI")
    let flags = readOnly ? UInt32(VIR_CONNECT_RO.rawValue) : 0
    // An empty URI is libvirt's own default.
    let name: String? = uri.isEmpty ? nil : uri
    guard
      let pointer = unsafe library.functions.pointee.virConnectOpenAuth(name, cvm_libvirt_auth(), flags)
    else {
      throw LibvirtError.last(library)
    }
    self.library = library
    unsafe self.pointer = pointer
  }

  /// Closing asks the daemon, and a stopped daemon must not stop the caller. It is waited for a little, so that
  /// a process that ends now does not end in the midst of it.
  deinit {
    let closing = unsafe Closing(library: library, pointer: pointer)
    _ = try? Call(closing.close).result(until: .after(milliseconds: 250))
  }

  var functions: UnsafePointer<cvm_libvirt> { unsafe library.functions }

  /// False once the transport has ended. Asks nobody.
  var isAlive: Bool { unsafe functions.pointee.virConnectIsAlive(pointer) == 1 }

  /// Why the call just made on this thread failed.
  func failure() -> LibvirtError {
    let error = LibvirtError.last(library)
    guard case .libvirt(_, Int(VIR_FROM_RPC.rawValue), _) = error.kind, !isAlive else { return error }
    return LibvirtError(kind: .connectionLost, message: error.message)
  }

  /// The result of a call that returns -1 for failure.
  @discardableResult
  func checked(_ result: Int32) throws(LibvirtError) -> Int32 {
    guard result >= 0 else { throw failure() }
    return result
  }

  /// The result of a call that returns a string the caller has to free.
  func text(_ string: UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
    guard let text = unsafe Library.takeText(string) else { throw failure() }
    return text
  }

  // MARK: Host

  func canonicalURI() throws(LibvirtError) -> String {
    try unsafe text(functions.pointee.virConnectGetURI(pointer))
  }

  func hostname() throws(LibvirtError) -> String {
    try unsafe text(functions.pointee.virConnectGetHostname(pointer))
  }

  func capabilities() throws(LibvirtError) -> String {
    try unsafe text(functions.pointee.virConnectGetCapabilities(pointer))
  }

  func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(LibvirtError) -> String {
    let parameters = [query.emulator, query.architecture, query.machine, query.virtType]
    for case let value? in parameters { _ = try Library.argument(value, "a domain capabilities parameter") }
    return try unsafe text(
      functions.pointee.virConnectGetDomainCapabilities(
        pointer, query.emulator, query.architecture, query.machine, query.virtType, 0))
  }

  /// The driver's name: `QEMU`.
  func type() throws(LibvirtError) -> String {
    guard let name = unsafe Library.text(functions.pointee.virConnectGetType(pointer)) else {
      throw failure()
    }
    return name
  }

  /// libvirt's number for its own version here: major × 1,000,000 + minor × 1,000 + micro.
  func libraryVersion() throws(LibvirtError) -> UInt {
    var version: UInt = 0
    try unsafe checked(functions.pointee.virGetVersion(&version, nil, nil))
    return version
  }

  /// The daemon's version, as `libraryVersion`.
  func daemonVersion() throws(LibvirtError) -> UInt {
    var version: UInt = 0
    try unsafe checked(functions.pointee.virConnectGetLibVersion(pointer, &version))
    return version
  }

  /// The hypervisor's version, as `libraryVersion`; 0 where there is none.
  func hypervisorVersion() throws(LibvirtError) -> UInt {
    var version: UInt = 0
    try unsafe checked(functions.pointee.virConnectGetVersion(pointer, &version))
    return version
  }

  func sevInfo() throws(LibvirtError) -> TypedParameters {
    var parameters: virTypedParameterPtr?
    var count: Int32 = 0
    try unsafe checked(functions.pointee.virNodeGetSEVInfo(pointer, &parameters, &count, 0))
    return unsafe TypedParameters(taking: parameters, count: count, library)
  }
}

/// A connection's last call, which outlives the `Connection`.
@safe private struct Closing: @unchecked Sendable {
  let library: Library
  let pointer: virConnectPtr

  @Sendable func close() { _ = unsafe library.functions.pointee.virConnectClose(pointer) }
}
