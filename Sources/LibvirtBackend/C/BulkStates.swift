internal import CLibvirt
internal import CVMCore
private import Glibc

extension Connection {
  /// Every domain with its state in one round trip that waits for no busy domain. Where the driver has no
  /// bulk statistics: one call for the list and one a domain.
  func states(_ filter: GuestFilter) throws(LibvirtError) -> [GuestState] {
    do throws(LibvirtError) {
      return try bulkStates(filter)
    } catch  where error.isUnsupported {
      return try listedStates(filter)
    }
  }

  private func bulkStates(_ filter: GuestFilter) throws(LibvirtError) -> [GuestState] {
    var list: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
    let count = try unsafe checked(
      functions.pointee.virConnectGetAllDomainStats(
        pointer, UInt32(VIR_DOMAIN_STATS_STATE.rawValue), &list, filter.statisticsFlags))
    guard let list = unsafe list else { return [] }
    defer { unsafe functions.pointee.virDomainStatsRecordListFree(list) }
    let records = unsafe UnsafeBufferPointer(start: list, count: Int(count))
    return unsafe records.compactMap { record in
      unsafe record.flatMap { unsafe state(of: $0.pointee) }
    }
  }

  private func state(of record: virDomainStatsRecord) -> GuestState? {
    guard let domain = unsafe record.dom, let uuid = unsafe library.uuid(of: domain),
      let name = unsafe Library.text(functions.pointee.virDomainGetName(domain))
    else { return nil }
    let parameters = unsafe UnsafeBufferPointer(start: record.params, count: Int(max(record.nparams, 0)))
    let code = unsafe StateCode(
      state: TypedParameters.int("state.state", in: parameters) ?? 0,
      reason: TypedParameters.int("state.reason", in: parameters) ?? 0)
    return unsafe GuestState(uuid: uuid, name: name, id: library.id(of: domain), code)
  }

  /// For drivers without bulk statistics.
  func listedStates(_ filter: GuestFilter) throws(LibvirtError) -> [GuestState] {
    var flags: UInt32 = 0
    if filter.active { flags |= VIR_CONNECT_LIST_DOMAINS_ACTIVE.rawValue }
    if filter.inactive { flags |= VIR_CONNECT_LIST_DOMAINS_INACTIVE.rawValue }
    var states: [GuestState] = []
    for domain in try domains(flags: flags) {
      // A guest that vanished since the list was made is no longer one.
      guard let code = try Domain.ifPresent(domain.state) else { continue }
      states.append(GuestState(uuid: try domain.uuid(), name: try domain.name(), id: domain.id, code))
    }
    return states
  }

  private func domains(flags: UInt32) throws(LibvirtError) -> [Domain] {
    var list: UnsafeMutablePointer<virDomainPtr?>?
    let count = try unsafe checked(functions.pointee.virConnectListAllDomains(pointer, &list, flags))
    defer { unsafe free(list) }
    let pointers = unsafe UnsafeBufferPointer(start: list, count: Int(count))
    return unsafe pointers.compactMap { unsafe $0.map { unsafe Domain(owning: $0, self) } }
  }
}

extension GuestFilter {
  /// For bulk statistics; a busy domain is not waited for.
  var statisticsFlags: UInt32 {
    var flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT.rawValue
    if active { flags |= VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE.rawValue }
    if inactive { flags |= VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE.rawValue }
    return flags
  }
}

extension GuestState {
  init(uuid: GuestUUID, name: String, id: Int?, _ code: StateCode) {
    self.init(uuid: uuid, name: name, id: id, state: code.runState, reason: code.reasonWord)
  }
}
