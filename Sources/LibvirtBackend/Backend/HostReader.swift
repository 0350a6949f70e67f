internal import CVMCore

/// What can be read of a host and its guests, by libvirt.so or directly from a daemon on this machine: both
/// give the same answers and the same errors.
protocol HostReader {
  func hostname() throws(LibvirtError) -> String
  /// The URI that the connection calls itself by.
  func canonicalURI() throws(LibvirtError) -> String
  /// In no order.
  func states(_ filter: GuestFilter) throws(LibvirtError) -> [GuestState]
  /// Nil where there is no such guest.
  func guest(_ reference: GuestReference) throws(LibvirtError) -> GuestState?
  func info(_ uuid: GuestUUID) throws(LibvirtError) -> GuestInfo
  func xml(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(LibvirtError) -> String
}

/// What a guest is looked up by.
enum GuestReference: Sendable {
  case name(String)
  case uuid(GuestUUID)
  case id(Int32)
}

extension Connection: HostReader {
  func guest(_ reference: GuestReference) throws(LibvirtError) -> GuestState? {
    try Domain.ifPresent { () throws(LibvirtError) in
      switch reference {
      case .name(let name): try Domain.named(name, self).guestState()
      case .uuid(let uuid): try Domain.with(uuid: uuid, self).guestState()
      case .id(let id): try Domain.with(id: id, self).guestState()
      }
    }
  }

  func info(_ uuid: GuestUUID) throws(LibvirtError) -> GuestInfo {
    let domain = try Domain.with(uuid: uuid, self)
    let info = try domain.info()
    return GuestInfo(
      state: try domain.guestState(), osType: try domain.osType(), info,
      persistent: try domain.isPersistent(),
      autostart: try LibvirtBackend.ifSupported(domain.autostart) ?? false,
      managedSave: try LibvirtBackend.ifSupported(domain.hasManagedSave) ?? false)
  }

  func xml(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(LibvirtError) -> String {
    try Domain.with(uuid: uuid, self).xml(form)
  }
}

extension GuestInfo {
  init(
    state: GuestState, osType: String, _ info: DomainInfo, persistent: Bool, autostart: Bool,
    managedSave: Bool
  ) {
    self.init(
      state: state, osType: osType, vcpus: info.vcpus, cpuTime: Double(info.cpuNanoseconds) / 1e9,
      maxMemory: Self.bytes(info.maxKiB), usedMemory: Self.bytes(info.usedKiB), persistent: persistent,
      autostart: autostart, managedSave: managedSave)
  }

  /// A number that no machine has is shown as the largest.
  private static func bytes(_ kib: UInt64) -> UInt64 {
    let (bytes, overflow) = kib.multipliedReportingOverflow(by: 1024)
    return overflow ? .max : bytes
  }
}
