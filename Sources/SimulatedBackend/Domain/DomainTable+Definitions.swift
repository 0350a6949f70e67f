import CVMCore
import StateStore

/// Changes of definitions. All of them stand inside `change`.
extension DomainTable {
  /// libvirt's two conflicts: the UUID under another name, the name under another UUID.
  func requireFree(_ definition: DomainDefinition) throws(DomainFailure) {
    if let row = try find("uuid", .text(definition.uuid.rawValue)) {
      let name = row.state.name
      try check(name == definition.name, else: .uuidTaken(definition.uuid, by: name))
    } else if let row = try find("name", .text(definition.name)) {
      throw DomainFailure(.nameTaken(definition.name, by: row.state.uuid))
    }
  }

  func insert(_ definition: DomainDefinition, _ text: String) throws(DomainFailure) {
    let uuid = SQLValue.text(definition.uuid.rawValue)
    try run(
      "INSERT INTO domain VALUES (?, ?, NULL, ?, NULL, 1, ?, ?, ?, ?)",
      [uuid, .text(definition.name), .text(RunState.shutOff.rawValue)] + facts(definition))
    try run("INSERT INTO document VALUES (?, ?, NULL)", [uuid, .text(text)])
  }

  /// What runs goes on as it is; the numbers of a running guest are its own until it stops.
  func redefine(_ definition: DomainDefinition, _ text: String) throws(DomainFailure) {
    let uuid = SQLValue.text(definition.uuid.rawValue)
    try run("UPDATE domain SET persistent = 1 WHERE uuid = ?", [uuid])
    try run(
      "UPDATE domain SET vcpus = ?, memory = ?, max_memory = ?, os_type = ? WHERE uuid = ? AND id IS NULL",
      facts(definition) + [uuid])
    try run("UPDATE document SET stored = ? WHERE uuid = ?", [.text(text), uuid])
  }

  func setFacts(_ definition: DomainDefinition) throws(DomainFailure) {
    try run(
      "UPDATE domain SET vcpus = ?, memory = ?, max_memory = ?, os_type = ? WHERE uuid = ?",
      facts(definition) + [.text(definition.uuid.rawValue)])
  }

  func delete(_ uuid: GuestUUID) throws(DomainFailure) {
    try run("DELETE FROM domain WHERE uuid = ?", [.text(uuid.rawValue)])
  }

  func makeTransient(_ uuid: GuestUUID) throws(DomainFailure) {
    try run("UPDATE domain SET persistent = 0 WHERE uuid = ?", [.text(uuid.rawValue)])
    try run("UPDATE document SET stored = NULL WHERE uuid = ?", [.text(uuid.rawValue)])
  }

  func documents(_ uuid: GuestUUID) throws(DomainFailure) -> (stored: String?, live: String?) {
    let found = try sql { () throws(StoreError) in
      try database.first("SELECT stored, live FROM document WHERE uuid = ?", [.text(uuid.rawValue)]) {
        (row) throws(StoreError) in (try row.optionalText(0), try row.optionalText(1))
      }
    }
    return found ?? (nil, nil)
  }

  private func facts(_ definition: DomainDefinition) -> [SQLValue] {
    [
      .integer(definition.vcpus), .bits(definition.memory), .bits(definition.maxMemory),
      .text(definition.osType),
    ]
  }
}
