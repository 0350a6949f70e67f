package import CVMCore

extension LibvirtBackend {
  package func guests(_ filter: GuestFilter) throws(BackendError) -> [GuestState] {
    guard filter.active || filter.inactive else { return [] }
    let states = try ask(begin("listing guests")) { connection throws(LibvirtError) in
      try connection.states(filter)
    }
    // Indices are sorted rather than guests: moving a guest in memory costs more than comparing two.
    return states.indices.sorted { Self.precedes(states[$0], states[$1]) }.map { states[$0] }
  }

  package func guest(named name: String) throws(BackendError) -> GuestState? {
    try lookUp { connection throws(LibvirtError) in try Domain.named(name, connection) }
  }

  package func guest(_ uuid: GuestUUID) throws(BackendError) -> GuestState? {
    try lookUp { connection throws(LibvirtError) in try Domain.with(uuid: uuid, connection) }
  }

  package func guest(id: Int) throws(BackendError) -> GuestState? {
    guard let id = Int32(exactly: id), id >= 0 else { return nil }
    return try lookUp { connection throws(LibvirtError) in try Domain.with(id: id, connection) }
  }

  package func info(_ uuid: GuestUUID) throws(BackendError) -> GuestInfo {
    try ask(begin("asking about a guest", on: uuid.rawValue)) { connection throws(LibvirtError) in
      try Domain.with(uuid: uuid, connection).guestInfo()
    }
  }

  package func domainXML(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(BackendError) -> String {
    try ask(begin("reading a definition", on: uuid.rawValue)) { connection throws(LibvirtError) in
      try Domain.with(uuid: uuid, connection).xml(inactive: form == .inactive)
    }
  }

  private func lookUp(
    _ find: @escaping @Sendable (Connection) throws(LibvirtError) -> Domain
  ) throws(BackendError) -> GuestState? {
    try ask(begin("looking up a guest")) { connection throws(LibvirtError) in
      try Domain.ifPresent { () throws(LibvirtError) in try find(connection).guestState() }
    }
  }

  /// Active ones by id, then inactive ones by name.
  private static func precedes(_ one: GuestState, _ other: GuestState) -> Bool {
    switch (one.id, other.id) {
    case (let one?, let other?): one < other
    case (.some, nil): true
    case (nil, .some): false
    case (nil, nil): one.name < other.name
    }
  }
}

extension Domain {
  fileprivate func guestInfo() throws(LibvirtError) -> GuestInfo {
    let info = try info()
    return GuestInfo(
      state: try guestState(), osType: try osType(), vcpus: info.vcpus,
      cpuTime: Double(info.cpuNanoseconds) / 1e9, maxMemory: Self.bytes(info.maxKiB),
      usedMemory: Self.bytes(info.usedKiB), persistent: try isPersistent(),
      autostart: try LibvirtBackend.ifSupported(autostart) ?? false,
      managedSave: try LibvirtBackend.ifSupported(hasManagedSave) ?? false)
  }

  /// A number that no machine has is shown as the largest.
  private static func bytes(_ kib: UInt64) -> UInt64 {
    let (bytes, overflow) = kib.multipliedReportingOverflow(by: 1024)
    return overflow ? .max : bytes
  }
}
