internal import CLibvirt
internal import CVMCore

/// One `virDomainPtr`; keeps its connection open. Its methods block, as `Connection`'s do, unless they say
/// that they ask nobody.
@safe final class Domain: HostDomain, @unchecked Sendable {
  let connection: Connection
  private let pointer: virDomainPtr

  init(owning pointer: virDomainPtr, _ connection: Connection) {
    unsafe self.pointer = pointer
    self.connection = connection
  }

  deinit { _ = unsafe functions.pointee.virDomainFree(pointer) }

  var host: any HostConnection { connection }

  private var functions: UnsafePointer<cvm_libvirt> { unsafe connection.functions }

  /// Takes over the result of a call that returns a new domain object or NULL.
  private static func taking(
    _ pointer: virDomainPtr?, _ connection: Connection
  ) throws(LibvirtError) -> Domain {
    guard let pointer = unsafe pointer else { throw connection.failure() }
    return unsafe Domain(owning: pointer, connection)
  }

  // MARK: Finding and making

  static func named(_ name: String, _ connection: Connection) throws(LibvirtError) -> Domain {
    let name = try Library.argument(name, "the name")
    return try unsafe taking(
      connection.functions.pointee.virDomainLookupByName(connection.pointer, name), connection)
  }

  static func with(uuid: GuestUUID, _ connection: Connection) throws(LibvirtError) -> Domain {
    try unsafe taking(
      connection.functions.pointee.virDomainLookupByUUIDString(connection.pointer, uuid.rawValue),
      connection)
  }

  static func with(id: Int32, _ connection: Connection) throws(LibvirtError) -> Domain {
    try unsafe taking(
      connection.functions.pointee.virDomainLookupByID(connection.pointer, id), connection)
  }

  static func defining(_ xml: String, _ connection: Connection) throws(LibvirtError) -> Domain {
    let xml = try Library.argument(xml, "the domain XML")
    let flags = UInt32(VIR_DOMAIN_DEFINE_VALIDATE.rawValue)
    return try unsafe taking(
      connection.functions.pointee.virDomainDefineXMLFlags(connection.pointer, xml, flags), connection)
  }

  static func startingPaused(_ xml: String, _ connection: Connection) throws(LibvirtError) -> Domain {
    let xml = try Library.argument(xml, "the domain XML")
    let flags = UInt32(VIR_DOMAIN_START_PAUSED.rawValue)
    return try unsafe taking(
      connection.functions.pointee.virDomainCreateXML(connection.pointer, xml, flags), connection)
  }

  // MARK: Reading

  func name() throws(LibvirtError) -> String {
    guard let name = unsafe Library.text(functions.pointee.virDomainGetName(pointer)) else {
      throw connection.failure()
    }
    return name
  }

  func uuid() throws(LibvirtError) -> GuestUUID {
    guard let uuid = unsafe connection.library.uuid(of: pointer) else { throw connection.failure() }
    return uuid
  }

  var id: Int? { unsafe connection.library.id(of: pointer) }

  func state() throws(LibvirtError) -> StateCode {
    var code = StateCode(state: 0, reason: 0)
    try unsafe connection.checked(
      functions.pointee.virDomainGetState(pointer, &code.state, &code.reason, 0))
    return code
  }

  func info() throws(LibvirtError) -> DomainInfo {
    var info = virDomainInfo()
    try unsafe connection.checked(functions.pointee.virDomainGetInfo(pointer, &info))
    return DomainInfo(
      vcpus: Int(info.nrVirtCpu), cpuNanoseconds: info.cpuTime, maxKiB: UInt64(info.maxMem),
      usedKiB: UInt64(info.memory))
  }

  func osType() throws(LibvirtError) -> String {
    try unsafe connection.text(functions.pointee.virDomainGetOSType(pointer))
  }

  func isPersistent() throws(LibvirtError) -> Bool {
    try unsafe connection.checked(functions.pointee.virDomainIsPersistent(pointer)) == 1
  }

  func autostart() throws(LibvirtError) -> Bool {
    var autostart: Int32 = 0
    try unsafe connection.checked(functions.pointee.virDomainGetAutostart(pointer, &autostart))
    return autostart != 0
  }

  func hasManagedSave() throws(LibvirtError) -> Bool {
    try unsafe connection.checked(functions.pointee.virDomainHasManagedSaveImage(pointer, 0)) == 1
  }

  func xml(_ form: DomainXMLForm) throws(LibvirtError) -> String {
    try unsafe connection.text(functions.pointee.virDomainGetXMLDesc(pointer, form.flags))
  }

  func askInTurn() throws(LibvirtError) {
    var statistic = virDomainMemoryStatStruct(tag: 0, val: 0)
    try unsafe connection.checked(functions.pointee.virDomainMemoryStats(pointer, &statistic, 1, 0))
  }

  // MARK: Acts

  func undefine(flags: UInt32) throws(LibvirtError) {
    try unsafe connection.checked(functions.pointee.virDomainUndefineFlags(pointer, flags))
  }

  func start(paused: Bool) throws(LibvirtError) {
    let flags = paused ? UInt32(VIR_DOMAIN_START_PAUSED.rawValue) : 0
    try unsafe connection.checked(functions.pointee.virDomainCreateWithFlags(pointer, flags))
  }

  func shutdown() throws(LibvirtError) {
    try unsafe connection.checked(functions.pointee.virDomainShutdownFlags(pointer, 0))
  }

  func reboot() throws(LibvirtError) {
    try unsafe connection.checked(functions.pointee.virDomainReboot(pointer, 0))
  }

  func reset() throws(LibvirtError) {
    try unsafe connection.checked(functions.pointee.virDomainReset(pointer, 0))
  }

  func suspend() throws(LibvirtError) {
    try unsafe connection.checked(functions.pointee.virDomainSuspend(pointer))
  }

  func resume() throws(LibvirtError) {
    try unsafe connection.checked(functions.pointee.virDomainResume(pointer))
  }

  func destroy(graceful: Bool) throws(LibvirtError) {
    let flags = graceful ? UInt32(VIR_DOMAIN_DESTROY_GRACEFUL.rawValue) : 0
    try unsafe connection.checked(functions.pointee.virDomainDestroyFlags(pointer, flags))
  }

  // MARK: Launch security

  func launchSecurity() throws(LibvirtError) -> TypedParameters {
    var parameters: virTypedParameterPtr?
    var count: Int32 = 0
    try unsafe connection.checked(
      functions.pointee.virDomainGetLaunchSecurityInfo(pointer, &parameters, &count, 0))
    return unsafe TypedParameters(taking: parameters, count: count, connection.library)
  }

  func setLaunchSecret(header: String, secret: String, address: UInt64?) throws(LibvirtError) {
    var list: virTypedParameterPtr?
    var count: Int32 = 0
    var capacity: Int32 = 0
    defer { unsafe functions.pointee.virTypedParamsFree(list, count) }
    try unsafe connection.checked(
      functions.pointee.virTypedParamsAddString(
        &list, &count, &capacity, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET_HEADER, header))
    try unsafe connection.checked(
      functions.pointee.virTypedParamsAddString(
        &list, &count, &capacity, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET, secret))
    if let address {
      try unsafe connection.checked(
        functions.pointee.virTypedParamsAddULLong(
          &list, &count, &capacity, VIR_DOMAIN_LAUNCH_SECURITY_SEV_SECRET_SET_ADDRESS, address))
    }
    try unsafe connection.checked(
      functions.pointee.virDomainSetLaunchSecurityState(pointer, list, count, 0))
  }
}

/// `virDomainInfo` without the state.
struct DomainInfo: Sendable {
  var vcpus: Int
  var cpuNanoseconds: UInt64
  var maxKiB: UInt64
  var usedKiB: UInt64
}

extension DomainXMLForm {
  var flags: UInt32 { self == .inactive ? UInt32(VIR_DOMAIN_XML_INACTIVE.rawValue) : 0 }
}

extension Library {
  /// The id in a domain object; nil while inactive.
  func id(of domain: virDomainPtr) -> Int? {
    let id = unsafe functions.pointee.virDomainGetID(domain)
    return id == .max ? nil : Int(id)
  }

  func uuid(of domain: virDomainPtr) -> GuestUUID? {
    var bytes = [UInt8](repeating: 0, count: Int(VIR_UUID_BUFLEN))
    guard unsafe functions.pointee.virDomainGetUUID(domain, &bytes) == 0 else { return nil }
    return GuestUUID(bytes: bytes)
  }
}

extension Domain {
  /// Nil where libvirt knows no such domain (any more).
  static func ifPresent<Value>(
    _ body: () throws(LibvirtError) -> Value
  ) throws(LibvirtError) -> Value? {
    do throws(LibvirtError) {
      return try body()
    } catch  where error.code == Int(VIR_ERR_NO_DOMAIN.rawValue) {
      return nil
    }
  }
}
