import CVMCore
import StateStore

/// Changes of a domain's run state. All of them stand inside `run`, or `change`.
extension DomainTable {
  /// The next run's id: they count up and none comes twice.
  func nextID() throws(DomainFailure) -> Int {
    let id = try sql { () throws(StoreError) in
      try database.first("UPDATE counter SET value = value + 1 WHERE name = 'id' RETURNING value") {
        (row) throws(StoreError) in try row.int(0)
      }
    }
    guard let id else {
      throw DomainFailure.damaged(self, "the counter of ids is missing")
    }
    return id
  }

  func setState(_ uuid: GuestUUID, _ state: RunState, _ reason: String) throws(DomainFailure) {
    try run(
      "UPDATE domain SET state = ?, reason = ? WHERE uuid = ?",
      [.text(state.rawValue), .text(reason), .text(uuid.rawValue)])
  }

  func setActive(
    _ uuid: GuestUUID, id: Int, _ state: RunState, _ reason: String, live: String
  ) throws(DomainFailure) {
    try run(
      "UPDATE domain SET id = ?, state = ?, reason = ? WHERE uuid = ?",
      [.integer(id), .text(state.rawValue), .text(reason), .text(uuid.rawValue)])
    try run("UPDATE document SET live = ? WHERE uuid = ?", [.text(live), .text(uuid.rawValue)])
  }

  /// Ends a run. A domain without a definition is gone with it. Returns the launch that ended.
  func setInactive(_ row: DomainRow, reason: String) throws(DomainFailure) -> LaunchRow? {
    let uuid = SQLValue.text(row.state.uuid.rawValue)
    let launch = try self.launch(row.state.uuid)
    try run("DELETE FROM launch WHERE uuid = ?", [uuid])
    guard row.isPersistent else {
      try run("DELETE FROM domain WHERE uuid = ?", [uuid])
      return launch
    }
    try run(
      "UPDATE domain SET id = NULL, state = ?, reason = ? WHERE uuid = ?",
      [.text(RunState.shutOff.rawValue), .text(reason), uuid])
    try run("UPDATE document SET live = NULL WHERE uuid = ?", [uuid])
    return launch
  }

  func run(_ statement: String, _ values: [SQLValue]) throws(DomainFailure) {
    try sql { () throws(StoreError) in _ = try database.run(statement, values) }
  }
}
