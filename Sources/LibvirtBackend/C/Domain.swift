internal import CLibvirt
internal import CVMCore

/// One `virDomainPtr`; keeps its connection open. Its methods block, as `Connection`'s do, unless they say
/// that they ask nobody.
@safe final class Domain: @unchecked Sendable {
  let connection: Connection
  private let pointer: virDomainPtr

  init(owning pointer: virDomainPtr, _ connection: Connection) {
    unsafe self.pointer = pointer
    self.connection = connection
  }

  deinit { _ = unsafe functions.pointee.virDomainFree(pointer) }

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

  /// Stores a definition that libvirt's schema accepts.
  static func defining(_ xml: String, _ connection: Connection) throws(LibvirtError) -> Domain {
    let xml = try Library.argument(xml, "the domain XML")
    let flags = UInt32(VIR_DOMAIN_DEFINE_VALIDATE.rawValue)
    return try unsafe taking(
      connection.functions.pointee.virDomainDefineXMLFlags(connection.pointer, xml, flags), connection)
  }

  /// Starts a domain from `xml` and leaves it paused; a stored definition of the same UUID stays as it is.
  static func startingPaused(_ xml: String, _ connection: Connection) throws(LibvirtError) -> Domain {
    let xml = try Library.argument(xml, "the domain XML")
    let flags = UInt32(VIR_DOMAIN_START_PAUSED.rawValue)
    return try unsafe taking(
      connection.functions.pointee.virDomainCreateXML(connection.pointer, xml, flags), connection)
  }

  // MARK: Reading

  /// Known to the object; asks nobody.
  func name() throws(LibvirtError) -> String {
    guard let name = unsafe Library.text(functions.pointee.virDomainGetName(pointer)) else {
      throw connection.failure()
    }
    return name
  }

  /// Known to the object; asks nobody.
  func uuid() throws(LibvirtError) -> GuestUUID {
    guard let uuid = unsafe connection.library.uuid(of: pointer) else { throw connection.failure() }
    return uuid
  }

  /// The id of the run, as it was when the object was made; nil while inactive. Asks nobody.
  var id: Int? { unsafe connection.library.id(of: pointer) }

  func state() throws(LibvirtError) -> StateCode {
    var code = StateCode(state: 0, reason: 0)
    try unsafe connection.checked(
      functions.pointee.virDomainGetState(pointer, &code.state, &code.reason, 0))
    return code
  }

  func guestState() throws(LibvirtError) -> GuestState {
    GuestState(uuid: try uuid(), name: try name(), id: id, try state())
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

  /// Returns once no other call is at work on the guest. libvirt answers this question in its turn, unlike
  /// that for the state; what it says does not matter.
  private func waitForOthers() throws(LibvirtError) {
    var statistic = virDomainMemoryStatStruct(tag: 0, val: 0)
    do throws(LibvirtError) {
      try unsafe connection.checked(functions.pointee.virDomainMemoryStats(pointer, &statistic, 1, 0))
    } catch  where error.code == Int(VIR_ERR_OPERATION_INVALID.rawValue) || error.isUnsupported {
      // It has become inactive, or the driver has nothing to wait for.
    }
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

  /// Empty for a domain without launch security.
  func launchSecurity() throws(LibvirtError) -> TypedParameters {
    var parameters: virTypedParameterPtr?
    var count: Int32 = 0
    try unsafe connection.checked(
      functions.pointee.virDomainGetLaunchSecurityInfo(pointer, &parameters, &count, 0))
    return unsafe TypedParameters(taking: parameters, count: count, connection.library)
  }

  /// `header` and `secret` are base64.
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
  /// Destroys the guest if there is one and it is active: true where that was so. Returns only when it is
  /// inactive.
  static func end(_ uuid: GuestUUID, _ connection: Connection) throws(LibvirtError) -> Bool {
    guard let domain = try find(uuid, connection), domain.id != nil else { return false }
    try domain.destroyRun(graceful: false)
    return true
  }

  /// Destroys the run that this object was made for. libvirt says "not running" also of a guest that it
  /// destroyed for this very call while it was taking it over: what counts is that the run is over.
  func destroyRun(graceful: Bool) throws(LibvirtError) {
    do throws(LibvirtError) {
      try destroy(graceful: graceful)
    } catch  where error.code == Int(VIR_ERR_OPERATION_INVALID.rawValue) && id != nil {
      guard try Self.find(uuid(), connection)?.id != id else { throw error }
    }
  }

  /// As `find`, after everything that is under way: a daemon that was started again shows a guest at once,
  /// and then takes it over or gives it up.
  static func findSettled(_ uuid: GuestUUID, _ connection: Connection) throws(LibvirtError) -> Domain? {
    let domain = try find(uuid, connection)
    guard let domain, domain.id != nil else { return domain }
    try domain.waitForOthers()
    return try find(uuid, connection)
  }

  /// Nil where there is no such guest.
  static func find(_ uuid: GuestUUID, _ connection: Connection) throws(LibvirtError) -> Domain? {
    try ifPresent { () throws(LibvirtError) in try Domain.with(uuid: uuid, connection) }
  }

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
