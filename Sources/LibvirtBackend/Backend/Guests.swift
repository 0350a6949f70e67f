package import CVMCore

extension LibvirtBackend {
  package func guests(_ filter: GuestFilter) throws(BackendError) -> [GuestState] {
    guard filter.active || filter.inactive else { return [] }
    let states = try ask(begin("listing guests")) { host throws(LibvirtError) in try host.states(filter) }
    // Indices are sorted rather than guests: moving a guest in memory costs more than comparing two.
    return states.indices.sorted { Self.precedes(states[$0], states[$1]) }.map { states[$0] }
  }

  package func guest(named name: String) throws(BackendError) -> GuestState? { try lookUp(.name(name)) }

  package func guest(_ uuid: GuestUUID) throws(BackendError) -> GuestState? { try lookUp(.uuid(uuid)) }

  package func guest(id: Int) throws(BackendError) -> GuestState? {
    guard let id = Int32(exactly: id), id >= 0 else { return nil }
    return try lookUp(.id(id))
  }

  package func info(_ uuid: GuestUUID) throws(BackendError) -> GuestInfo {
    try ask(begin("asking about a guest", on: uuid.rawValue)) { host throws(LibvirtError) in
      try host.info(uuid)
    }
  }

  package func domainXML(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(BackendError) -> String {
    try ask(begin("reading a definition", on: uuid.rawValue)) { host throws(LibvirtError) in
      try host.domain(.uuid(uuid)).xml(form)
    }
  }

  private func lookUp(_ reference: GuestReference) throws(BackendError) -> GuestState? {
    try ask(begin("looking up a guest")) { host throws(LibvirtError) in try host.guest(reference) }
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
