package import CVMCore
import SEV
import SecureProcessor
import StateStore

/// A guest's life. What a guest itself would do, a simulated one does at once: it obeys the power button and
/// reboots.
extension SimulatedBackend {
  package func start(_ uuid: GuestUUID, paused: Bool) throws(BackendError) {
    try table.run { () throws(DomainFailure) in
      let row = try table.domain(uuid)
      try check(!row.isActive, else: .alreadyRunning)
      guard let stored = try table.documents(uuid).stored else {
        throw DomainFailure.damaged(table, "a domain's document is missing")
      }
      let definition = try self.definition(stored)
      try check(
        definition.launchSecurity == nil,
        else: .invalidOperation("domain has launch security: it is started by a launch"))
      let id = try table.nextID()
      let live = try liveText(definition, id)
      let (state, reason) = paused ? (RunState.paused, "user") : (.running, "booted")
      try table.setActive(uuid, id: id, state, reason, live: live)
      try table.setFacts(definition)
    }
  }

  /// A paused guest does not see the power button.
  package func shutdown(_ uuid: GuestUUID) throws(BackendError) {
    try end(uuid) { row in row.state.state == .running ? "shutdown" : nil }
  }

  /// A SEV-ES guest cannot be reset: its reboot ends it, as `<on_reboot>destroy` does for every guest.
  package func reboot(_ uuid: GuestUUID) throws(BackendError) {
    try end(uuid) { (row) throws(DomainFailure) in
      guard row.state.state == .running else { return nil }
      return try resetEnds(uuid) ? "shutdown" : nil
    }
  }

  package func reset(_ uuid: GuestUUID) throws(BackendError) {
    try end(uuid) { (_) throws(DomainFailure) in try resetEnds(uuid) ? "shutdown" : nil }
  }

  package func suspend(_ uuid: GuestUUID) throws(BackendError) {
    try table.run { () throws(DomainFailure) in
      guard try table.activeDomain(uuid).state.state == .running else { return }
      try table.setState(uuid, .paused, "user")
    }
  }

  /// The first resume of a launch is its LAUNCH_FINISH.
  package func resume(_ uuid: GuestUUID) throws(BackendError) {
    let (id, launch) = try table.read { () throws(DomainFailure) in
      let row = try table.activeDomain(uuid)
      try check(row.state.state != .running, else: .alreadyRunning)
      return (row.state.id, try table.launch(uuid))
    }
    if let launch { try finish(launch) }
    try table.run { () throws(DomainFailure) in
      let row = try table.activeDomain(uuid)
      try check(row.state.id == id && row.state.state == .paused, else: .notPaused)
      try table.setState(uuid, .running, "unpaused")
    }
  }

  package func destroy(_ uuid: GuestUUID, graceful: Bool) throws(BackendError) {
    try end(uuid) { _ in "destroyed" }
  }

  /// Ends an active guest where `reason` gives one; the AMD-SP forgets it then.
  private func end(
    _ uuid: GuestUUID, reason: (DomainRow) throws(DomainFailure) -> String?
  ) throws(BackendError) {
    let launch = try table.run { () throws(DomainFailure) -> LaunchRow? in
      let row = try table.activeDomain(uuid)
      guard let reason = try reason(row) else { return nil }
      return try table.setInactive(row, reason: reason)
    }
    if let launch { try platform().retire(launch.handle, launch.contextID) }
  }

  private func resetEnds(_ uuid: GuestUUID) throws(DomainFailure) -> Bool {
    if let launch = try table.launch(uuid), launch.policy.es { return true }
    guard let live = try table.documents(uuid).live else { return false }
    return try definition(live).endsOnReboot
  }

  private func finish(_ launch: LaunchRow) throws(BackendError) {
    var transaction = try platform().begin(with: launch)
    do {
      guard try transaction.processor.guestStatus(launch.handle).state == .launchSecret else { return }
      try transaction.processor.launchFinish(launch.handle)
    } catch {
      throw .refused(.launchFinish, error)
    }
    try onPlatform { () throws(PlatformError) in try transaction.store() }
  }

  /// A document that was accepted before.
  func definition(_ text: String) throws(DomainFailure) -> DomainDefinition {
    do { return try DomainDefinition(xml: text, fresh: freshUUID) } catch { throw DomainFailure(error) }
  }

  func liveText(_ definition: DomainDefinition, _ id: Int) throws(DomainFailure) -> String {
    do {
      var live = definition
      live.document = LiveDocument.make(definition, id: id, try platform().model)
      return try live.text()
    } catch {
      throw DomainFailure(error)
    }
  }
}
