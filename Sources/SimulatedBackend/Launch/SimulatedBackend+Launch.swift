package import CVMCore
import SEV
import SecureProcessor
import StateStore

extension SimulatedBackend {
  /// The order keeps what can be seen true at every moment: the AMD-SP's lock is held from the check of the
  /// domain's state until the domain says that it runs, and a guest that no domain knows is retired by the
  /// next launch.
  package func startPaused(_ uuid: GuestUUID, xml: String) throws(BackendError) -> PausedGuest {
    let definition = try DomainDefinition(xml: xml, fresh: freshUUID)
    try table.read { () throws(DomainFailure) in try requireStartable(uuid, definition) }
    guard let security = definition.launchSecurity else {
      return PausedGuest(uuid: uuid, id: try activate(definition, launch: nil, ranges: []))
    }
    let platform = try platform()
    let plan = try LaunchPlan(definition, security)
    var transaction = try platform.begin(launches: (table.launchCount, table.launchedContexts))
    try table.read { () throws(DomainFailure) in try requireStartable(uuid, definition) }
    try plan.check(transaction.processor)
    let launch = try Launching.run(plan, on: platform, &transaction)
    do {
      try onPlatform { () throws(PlatformError) in try transaction.store() }
      let id = try activate(definition, launch: launch, ranges: plan.pieces.map(\.range))
      return PausedGuest(uuid: uuid, id: id)
    } catch {
      platform.removeMemory(of: launch.contextID)
      _ = try? transaction.processor.retire(launch.handle)
      _ = try? transaction.store()
      throw error
    }
  }

  package func launchSecurity(_ uuid: GuestUUID) throws(BackendError) -> LaunchSecurityInfo? {
    let launch = try table.read { () throws(DomainFailure) in
      _ = try table.activeDomain(uuid)
      return try table.launch(uuid)
    }
    return launch.map {
      LaunchSecurityInfo(
        measurement: $0.measurement, apiMajor: $0.apiMajor, apiMinor: $0.apiMinor, buildID: $0.build,
        policy: $0.policy.rawValue, snpPolicy: nil)
    }
  }

  /// A defined, inactive domain of the name and UUID that the document says.
  private func requireStartable(
    _ uuid: GuestUUID, _ definition: DomainDefinition
  ) throws(DomainFailure) {
    let row = try table.domain(uuid)
    try check(
      definition.uuid == uuid, else: .conflict(reason: "the document is of another domain than \(uuid)"))
    try check(row.state.name == definition.name, else: .uuidTaken(uuid, by: row.state.name))
    try check(!row.isActive, else: .alreadyRunning)
  }

  private func activate(
    _ definition: DomainDefinition, launch: LaunchRow?, ranges: [MemoryRange]
  ) throws(BackendError) -> Int {
    try table.run { () throws(DomainFailure) in
      let uuid = definition.uuid
      try requireStartable(uuid, definition)
      let id = try table.nextID()
      try table.setActive(uuid, id: id, .paused, "user", live: try liveText(definition, id))
      try table.setFacts(definition)
      if let launch { try table.insert(launch, of: uuid) }
      for range in ranges { try table.insert(range, of: uuid) }
      return id
    }
  }
}
