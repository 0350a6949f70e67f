import Bytes
import StateStore

extension Core {
  /// The guests of the host that the tenant may see: its own, and for the operator those that nobody recorded. A recorded guest
  /// that vanished from the host is listed as `missing`.
  /// - Parameter ofEveryTenant: for the operator alone.
  package func guests(
    _ filter: GuestFilter, ofEveryTenant: Bool = false
  ) throws(CoreError) -> [GuestOverview] {
    if ofEveryTenant { try requireOperator("list the guests of every tenant") }
    let states = try hosted { backend throws(BackendError) in try backend.guests(filter) }
    let rows = try recordedSummaries(ofEveryTenant: ofEveryTenant)
    let simulated = isSimulated(forConfidential: rows.contains { LaunchType(rawValue: $0.type) != nil })
    let places = Dictionary(rows.indices.map { (rows[$0].uuid, $0) }, uniquingKeysWith: { first, _ in first })
    let found = states.map { places[$0.uuid.rawValue] }
    let unrecorded = zip(states, found).filter { $0.1 == nil }.map(\.0.uuid)
    let others = ofEveryTenant ? [] : try hidden(unrecorded)
    var isVanished = [Bool](repeating: true, count: rows.count)
    var summaries: [GuestOverview] = []
    summaries.reserveCapacity(states.count)
    for (state, place) in zip(states, found) {
      if let place { isVanished[place] = false } else if others.contains(state.uuid) { continue }
      summaries.append(summary(of: state, place.map { rows[$0] }, simulated: simulated))
    }
    guard filter.inactive, filter.active else { return summaries }
    let vanished = rows.indices.filter { isVanished[$0] }.map { rows[$0] }
    for row in vanished.sorted(by: { $0.name < $1.name }) {
      guard let uuid = GuestUUID(rawValue: row.uuid) else { continue }
      let state = GuestState(uuid: uuid, name: row.name, id: nil, state: .noState, reason: Self.missingReason)
      summaries.append(summary(of: state, row, simulated: simulated))
    }
    return summaries
  }

  /// The names that completion offers, from the store alone.
  package func recordedNames(uri: String) throws(CoreError) -> [String] {
    let store = try store()
    return try stored { () throws(StoreError) in try store.guests(tenant: tenant, uri: uri).map(\.name) }
  }

  private func recordedSummaries(ofEveryTenant: Bool) throws(CoreError) -> [GuestSummary] {
    let store = try store()
    let host = hostKey
    return try stored { () throws(StoreError) in
      ofEveryTenant
        ? try store.guestsOfEveryTenant(uri: host) : try store.guests(tenant: tenant, uri: host)
    }
  }

  /// Those of the host's guests without a record of the tenant that it may not see.
  private func hidden(_ rest: [GuestUUID]) throws(CoreError) -> Set<GuestUUID> {
    guard acting == .operator else { return Set(rest) }
    // One question for each costs more than one for all where they are many.
    if rest.count > 100 {
      let recorded = Set(try recordedSummaries(ofEveryTenant: true).map(\.uuid))
      return Set(rest.filter { recorded.contains($0.rawValue) })
    }
    var hidden: Set<GuestUUID> = []
    for uuid in rest where try owner(of: uuid.rawValue) != nil { hidden.insert(uuid) }
    return hidden
  }

  static let missingReason = "missing"

  package func summary(_ name: String) throws(CoreError) -> GuestOverview {
    let guest = try find(name)
    return summary(of: guest.state, guest.recorded)
  }

  package func details(_ name: String) throws(CoreError) -> GuestDetails {
    let guest = try find(name)
    let info = try hosted { backend throws(BackendError) in try backend.info(guest.state.uuid) }
    let summary = summary(of: info.state, guest.recorded)
    return GuestDetails(
      name: summary.name, id: summary.id, uuid: summary.uuid, osType: info.osType, state: summary.state,
      reason: summary.reason, vcpus: info.vcpus, cpuSeconds: info.cpuTime, maxMemory: info.maxMemory,
      usedMemory: info.usedMemory, persistent: info.persistent, autostart: info.autostart,
      managedSave: info.managedSave, tenant: summary.tenant, type: summary.type,
      confidential: summary.confidential,
      policy: summary.policy, policyName: summary.policyName, labels: summary.labels,
      simulated: summary.simulated)
  }

  package func domainXML(
    _ name: String, _ form: DomainXMLForm
  ) throws(CoreError) -> (guest: GuestOverview, xml: String) {
    let guest = try find(name)
    let xml = try hosted { backend throws(BackendError) in try backend.domainXML(guest.state.uuid, form) }
    return (summary(of: guest.state, guest.recorded), xml)
  }

  package func launchSecurity(_ name: String) throws(CoreError) -> LaunchSecurityDetails {
    let guest = try find(name)
    let found = try hosted { backend throws(BackendError) in try backend.launchSecurity(guest.state.uuid) }
    guard let found else { throw .unsupported("guest '\(guest.state.name)' has no launch security") }
    let type: LaunchType = found.snpPolicy != nil ? .sevSNP : (found.policy ?? 0) & 4 != 0 ? .sevES : .sev
    let number = found.snpPolicy ?? found.policy.map(UInt64.init)
    return LaunchSecurityDetails(
      guest: guest.state.name, uuid: guest.state.uuid,
      measurement: found.measurement.map { Base64.encode($0) },
      apiMajor: found.apiMajor, apiMinor: found.apiMinor, buildId: found.buildID,
      policy: number.map { PolicyValue(type: type, rawValue: $0).text },
      simulated: summary(of: guest.state, guest.recorded).simulated, policyNumber: number,
      isSNP: type == .sevSNP)
  }

  /// An act on a guest's run, as virsh's verb of the same name.
  package enum Act: Equatable, Sendable {
    case shutdown, reboot, reset, suspend
    /// `ownerAccepted`: the owner of the session, who has its keys, accepted the measurement elsewhere.
    case resume(ownerAccepted: Bool)
    case destroy(graceful: Bool)

    var name: String {
      switch self {
      case .shutdown: "guest.shutdown"
      case .reboot: "guest.reboot"
      case .reset: "guest.reset"
      case .suspend: "guest.suspend"
      case .resume: "guest.resume"
      case .destroy: "guest.destroy"
      }
    }
  }

  package func perform(_ act: Act, on name: String) throws(CoreError) -> GuestOverview {
    try requireWritable()
    let guest = try find(name)
    var detail: [(key: String, value: String)] = []
    if case .resume(let ownerAccepted) = act {
      try requireActive()
      try requireAppraised(guest, ownerAccepted: ownerAccepted)
      if ownerAccepted { detail = [("appraised", "by the session's owner")] }
    }
    try audited(act.name, object: guest.state.name, detail: detail) { backend throws(BackendError) in
      switch act {
      case .shutdown: try backend.shutdown(guest.state.uuid)
      case .reboot: try backend.reboot(guest.state.uuid)
      case .reset: try backend.reset(guest.state.uuid)
      case .suspend: try backend.suspend(guest.state.uuid)
      case .resume: try backend.resume(guest.state.uuid)
      case .destroy(let graceful): try backend.destroy(guest.state.uuid, graceful: graceful)
      }
    }
    try follow(act, of: guest)
    let state = try hosted { backend throws(BackendError) in try backend.guest(guest.state.uuid) }
    return summary(of: state ?? guest.state, guest.recorded)
  }

  func summary(of state: GuestState, _ recorded: RecordedGuest?) -> GuestOverview {
    summary(of: state, recorded?.row.summary, simulated: isSimulated(forConfidential: recorded?.type != nil))
  }

  private func summary(
    of state: GuestState, _ row: GuestSummary?, simulated: Bool
  ) -> GuestOverview {
    let type = row.flatMap { LaunchType(rawValue: $0.type) }
    let policy = type.map { PolicyValue(type: $0, rawValue: row?.policyValue ?? 0) }
    let isMissing = state.state == .noState && state.reason == Self.missingReason
    return GuestOverview(
      id: state.id, name: state.name, uuid: state.uuid, state: isMissing ? "missing" : state.state.rawValue,
      reason: state.reason, tenant: row?.tenant ?? tenant, type: type, confidential: type != nil,
      policy: policy?.text, policyName: row?.policyName, allowsDebug: policy?.allowsDebug ?? false,
      allowsKeySharing: policy?.allowsKeySharing ?? false,
      labels: row.map { NamedTexts.parse($0.labels) } ?? [:],
      simulated: simulated)
  }
}
