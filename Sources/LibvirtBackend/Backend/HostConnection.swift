internal import CVMCore

/// A host as libvirt.so knows it, or a daemon on this machine that is called over its socket: both do the same,
/// give the same answers and fail with the same errors. Every call may block, unless it says that it asks
/// nobody.
protocol HostConnection: Sendable {
  /// What `body`, which calls this host, comes to; nil where the deadline comes first.
  func outcome<Value: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable () throws(LibvirtError) -> Value
  ) -> Result<Value, LibvirtError>?

  func hostname() throws(LibvirtError) -> String
  /// The URI that the connection calls itself by. Asks nobody.
  func canonicalURI() throws(LibvirtError) -> String
  func version() throws(LibvirtError) -> HostVersion
  func capabilities() throws(LibvirtError) -> String
  func domainCapabilities(_ query: DomainCapabilitiesQuery) throws(LibvirtError) -> String
  func sevInfo() throws(LibvirtError) -> TypedParameters
  /// In no order.
  func states(_ filter: GuestFilter) throws(LibvirtError) -> [GuestState]

  func domain(_ reference: GuestReference) throws(LibvirtError) -> any HostDomain
  /// Stores a definition that libvirt's schema accepts.
  func defining(_ xml: String) throws(LibvirtError) -> any HostDomain
  /// Starts a domain from `xml` and leaves it paused; a stored definition of the same UUID stays as it is.
  func startingPaused(_ xml: String) throws(LibvirtError) -> any HostDomain
}

/// What a guest is looked up by.
enum GuestReference: Sendable {
  case name(String)
  case uuid(GuestUUID)
  case id(Int32)
}

extension HostConnection {
  /// Nil where there is no such guest.
  func guest(_ reference: GuestReference) throws(LibvirtError) -> GuestState? {
    try Domain.ifPresent { () throws(LibvirtError) in try domain(reference).guestState() }
  }

  func info(_ uuid: GuestUUID) throws(LibvirtError) -> GuestInfo {
    let domain = try domain(.uuid(uuid))
    let info = try domain.info()
    return GuestInfo(
      state: try domain.guestState(), osType: try domain.osType(), info,
      persistent: try domain.isPersistent(),
      autostart: try LibvirtBackend.ifSupported(domain.autostart) ?? false,
      managedSave: try LibvirtBackend.ifSupported(domain.hasManagedSave) ?? false)
  }

  /// Nil where there is no such guest.
  func find(_ uuid: GuestUUID) throws(LibvirtError) -> (any HostDomain)? {
    try Domain.ifPresent { () throws(LibvirtError) in try domain(.uuid(uuid)) }
  }

  /// As `find`, after everything that is under way: a daemon that was started again shows a guest at once,
  /// and then takes it over or gives it up.
  func findSettled(_ uuid: GuestUUID) throws(LibvirtError) -> (any HostDomain)? {
    let domain = try find(uuid)
    guard let domain, domain.id != nil else { return domain }
    try domain.waitForOthers()
    return try find(uuid)
  }

  /// Destroys the guest if there is one and it is active: true where that was so. Returns only when it is
  /// inactive.
  func end(_ uuid: GuestUUID) throws(LibvirtError) -> Bool {
    guard let domain = try find(uuid), domain.id != nil else { return false }
    try domain.destroyRun(graceful: false)
    return true
  }
}

extension Connection: HostConnection {
  /// libvirt.so waits as long as the daemon likes: it has a thread of its own.
  func outcome<Value: Sendable>(
    until deadline: Deadline, _ body: @escaping @Sendable () throws(LibvirtError) -> Value
  ) -> Result<Value, LibvirtError>? {
    Call.outcome(until: deadline, body)
  }

  func version() throws(LibvirtError) -> HostVersion {
    HostVersion(
      library: VersionNumber.text(try libraryVersion()),
      daemon: VersionNumber.text(try LibvirtBackend.ifSupported(daemonVersion) ?? 0),
      hypervisorType: try type(),
      hypervisor: VersionNumber.text(try LibvirtBackend.ifSupported(hypervisorVersion) ?? 0))
  }

  func domain(_ reference: GuestReference) throws(LibvirtError) -> any HostDomain {
    switch reference {
    case .name(let name): try Domain.named(name, self)
    case .uuid(let uuid): try Domain.with(uuid: uuid, self)
    case .id(let id): try Domain.with(id: id, self)
    }
  }

  func defining(_ xml: String) throws(LibvirtError) -> any HostDomain { try Domain.defining(xml, self) }

  func startingPaused(_ xml: String) throws(LibvirtError) -> any HostDomain {
    try Domain.startingPaused(xml, self)
  }
}

extension GuestInfo {
  fileprivate init(
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
