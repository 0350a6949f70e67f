package import CVMCore
import SEV
import SecureProcessor
import StateStore

extension SimulatedBackend {
  /// The order keeps what can be seen true at every moment: the AMD-SP's table has the guest before its memory is made, its
  /// context is stored before the domain says that it runs, and a guest of no domain and no launch under way is retired by
  /// the next launch. Of two launches of one domain the one that comes second to the end is undone.
  package func startPaused(_ uuid: GuestUUID, xml: String) throws(BackendError) -> PausedGuest {
    let definition = try DomainDefinition(xml: xml, fresh: freshUUID)
    try table.read { () throws(DomainFailure) in try requireStartable(uuid, definition) }
    guard let security = definition.launchSecurity else {
      return PausedGuest(uuid: uuid, id: try activate(definition, launch: nil, ranges: []))
    }
    let platform = try platform()
    let plan = try LaunchPlan(definition, security)
    var launch = try start(plan, of: uuid, definition, on: platform)
    defer { platform.launchEnds() }
    do {
      let row = try Launching.run(plan, on: platform, &launch)
      return PausedGuest(
        uuid: uuid, id: try activate(definition, launch: row, ranges: plan.pieces.map(\.range)))
    } catch {
      try? platform.retire(launch.handle, launch.contextID)
      throw error
    }
  }

  /// What of a launch needs the AMD-SP's lock.
  private func start(
    _ plan: LaunchPlan, of uuid: GuestUUID, _ definition: DomainDefinition, on platform: SimulatedPlatform
  ) throws(BackendError) -> GuestLaunch {
    var transaction = try platform.begin(launches: (table.launchCount, table.launchedContexts))
    try table.read { () throws(DomainFailure) in try requireStartable(uuid, definition) }
    try plan.check(transaction.processor)
    let launch = try Launching.start(plan, &transaction)
    try onPlatform { () throws(PlatformError) in try transaction.store() }
    platform.launchBegins()
    return launch
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
