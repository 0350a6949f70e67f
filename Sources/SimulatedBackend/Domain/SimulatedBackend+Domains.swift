package import CVMCore
import StateStore

extension SimulatedBackend {
  package func guests(_ filter: GuestFilter) throws(BackendError) -> [GuestState] {
    try table.list(filter)
  }

  package func guest(named name: String) throws(BackendError) -> GuestState? {
    try table.read { () throws(DomainFailure) in try table.find("name", .text(name))?.state }
  }

  package func guest(_ uuid: GuestUUID) throws(BackendError) -> GuestState? {
    try table.read { () throws(DomainFailure) in try table.find("uuid", .text(uuid.rawValue))?.state }
  }

  package func guest(id: Int) throws(BackendError) -> GuestState? {
    try table.read { () throws(DomainFailure) in try table.find("id", .integer(id))?.state }
  }

  /// A simulated guest runs no instruction and takes no CPU time.
  package func info(_ uuid: GuestUUID) throws(BackendError) -> GuestInfo {
    let row = try table.read { () throws(DomainFailure) in try table.domain(uuid) }
    return GuestInfo(
      state: row.state, osType: row.osType, vcpus: row.vcpus, cpuTime: 0, maxMemory: row.maxMemory,
      usedMemory: row.memory, persistent: row.isPersistent, autostart: false, managedSave: false)
  }

  package func domainXML(_ uuid: GuestUUID, _ form: DomainXMLForm) throws(BackendError) -> String {
    try table.read { () throws(DomainFailure) in
      let row = try table.domain(uuid)
      let documents = try table.documents(uuid)
      let found = form == .live && row.isActive ? documents.live : documents.stored
      // A transient domain has no definition: libvirt then shows what runs.
      guard let text = found ?? documents.live else {
        throw DomainFailure.damaged(table, "a domain's document is missing")
      }
      return text
    }
  }

  package func define(xml: String) throws(BackendError) -> GuestState {
    let definition = try DomainDefinition(xml: xml, fresh: freshUUID)
    let text = try definition.text()
    return try table.change { () throws(DomainFailure) in
      try table.requireFree(definition)
      if try table.find("uuid", .text(definition.uuid.rawValue)) == nil {
        try table.insert(definition, text)
      } else {
        try table.redefine(definition, text)
      }
      return try table.domain(definition.uuid).state
    }
  }

  /// A running domain becomes transient: it is gone when it stops.
  package func undefine(_ uuid: GuestUUID, _ options: UndefineOptions) throws(BackendError) {
    try table.change { () throws(DomainFailure) in
      let row = try table.domain(uuid)
      try check(row.isPersistent, else: .transient)
      guard row.isActive else { return try table.delete(uuid) }
      try table.makeTransient(uuid)
    }
  }
}
