import CVMCore
import StateStore

/// A domain as the table has it, without its documents.
struct DomainRow {
  let state: GuestState
  let isPersistent: Bool
  let vcpus: Int
  let memory: UInt64
  let maxMemory: UInt64
  let osType: String

  var isActive: Bool { state.id != nil }

  static let columns = "name, uuid, id, state, reason, persistent, vcpus, memory, max_memory, os_type"

  init(_ row: borrowing Row) throws(StoreError) {
    state = try GuestState(row)
    isPersistent = try row.bool(5)
    vcpus = try row.int(6)
    memory = try row.bits(7)
    maxMemory = try row.bits(8)
    osType = try row.text(9)
  }
}

extension GuestState {
  /// From the columns name, uuid, id, state, reason.
  init(_ row: borrowing Row) throws(StoreError) {
    guard let uuid = GuestUUID(rawValue: try row.text(1)) else { throw row.damage(1) }
    guard let state = RunState(rawValue: try row.text(3)) else { throw row.damage(3) }
    let id = try row.optionalInteger(2).map { Int($0) }
    guard (id != nil) == state.isActive else { throw row.damage(3) }
    self.init(uuid: uuid, name: try row.text(0), id: id, state: state, reason: try row.optionalText(4))
  }
}

extension DomainTable {
  /// Active ones by id, then inactive ones by name.
  func list(_ filter: GuestFilter) throws(BackendError) -> [GuestState] {
    let which = filter.active ? (filter.inactive ? "" : "WHERE id IS NOT NULL") : "WHERE id IS NULL"
    guard filter.active || filter.inactive else { return [] }
    let all = try ask { () throws(StoreError) in
      try database.rows(
        "SELECT name, uuid, id, state, reason FROM domain INDEXED BY listing \(which) ORDER BY name"
      ) {
        (row) throws(StoreError) in try GuestState(row)
      }
    }
    let active = all.filter { $0.id != nil }.sorted { ($0.id ?? 0) < ($1.id ?? 0) }
    return active.isEmpty ? all : active + all.filter { $0.id == nil }
  }

  func counts() throws(BackendError) -> (all: Int, active: Int) {
    let found = try ask { () throws(StoreError) in
      try database.first("SELECT count(*), count(id) FROM domain") { (row) throws(StoreError) in
        (try row.int(0), try row.int(1))
      }
    }
    return (found?.0 ?? 0, found?.1 ?? 0)
  }

  /// The one row for which `column` is `value`; a column's name is never from outside.
  func find(_ column: StaticString, _ value: SQLValue) throws(DomainFailure) -> DomainRow? {
    try sql { () throws(StoreError) in
      try database.first("SELECT \(DomainRow.columns) FROM domain WHERE \(column) = ?", [value]) {
        (row) throws(StoreError) in try DomainRow(row)
      }
    }
  }

  /// Throws `.guestNotFound`.
  func domain(_ uuid: GuestUUID) throws(DomainFailure) -> DomainRow {
    guard let row = try find("uuid", .text(uuid.rawValue)) else { throw DomainFailure(.noDomain(uuid)) }
    return row
  }

  /// Throws `.guestNotFound`, or libvirt's words for an inactive domain.
  func activeDomain(_ uuid: GuestUUID) throws(DomainFailure) -> DomainRow {
    let row = try domain(uuid)
    try check(row.isActive, else: .notRunning)
    return row
  }
}
