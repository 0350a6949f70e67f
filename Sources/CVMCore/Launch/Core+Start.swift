import Bytes
import StateStore

extension Core {
  /// Starts a guest: a confidential one by the whole line of a launch, another one plainly.
  package func start(
    _ name: String, _ options: StartOptions, progress: @escaping LaunchProgress
  ) throws(CoreError) -> StartedGuest {
    try requireWritable()
    // Of several guests those that come after the signal are left alone.
    if let signal = Interruption.signal { throw .interrupted(signal: signal, guest: name) }
    let found = try find(name)
    try requireActive()
    guard let guest = found.recorded, let policy = guest.policy else { return try startPlain(found, options) }
    _ = try store()  // makes the state directory that the lock is in
    let lock = try GuestLock(guest.uuid, directory: stateDirectory)
    defer { lock.release() }
    try requireStartable(found, guest)
    var launcher = try Launcher(
      core: self, guest: guest, policy: policy, options: options, progress: progress)
    let record = try launcher.run()
    let state = try hosted { backend throws(BackendError) in try backend.guest(guest.uuid) }
    var summary = summary(of: state ?? found.state, guest)
    summary.simulated = record.simulated
    return StartedGuest(guest: summary, launch: record)
  }

  /// A guest without launch security: managed, and shown as not confidential. A domain that carries launch security but was never
  /// defined through cvmctl has no policy and no owner here.
  private func startPlain(_ guest: FoundGuest, _ options: StartOptions) throws(CoreError) -> StartedGuest {
    let state = guest.state
    let xml = try hosted { backend throws(BackendError) in try backend.domainXML(state.uuid, .inactive) }
    guard !xml.contains("<launchSecurity") else {
      throw .conflict(
        "guest '\(state.name)' has launch security but was not defined through cvmctl",
        hint: "take it over: cvmctl dumpxml --inactive GUEST | cvmctl define -")
    }
    guard options.secrets.isEmpty, options.sessionPrefix == nil else {
      throw .usage("guest '\(state.name)' has no launch security: it can take no secret and no session")
    }
    guard options.reference == nil else {
      throw .usage("guest '\(state.name)' has no launch security: nothing measures it")
    }
    try audited("guest.start", object: state.name) { backend throws(BackendError) in
      try backend.start(state.uuid, paused: options.staysPaused)
    }
    let now = try hosted { backend throws(BackendError) in try backend.guest(state.uuid) }
    return StartedGuest(guest: summary(of: now ?? state, guest.recorded), launch: nil)
  }

  /// A guest that runs is a conflict. One that an interrupted launch left behind, paused and never appraised, is destroyed, so that
  /// running the command again converges.
  private func requireStartable(_ found: FoundGuest, _ guest: RecordedGuest) throws(CoreError) {
    guard found.state.state.isActive else { return }
    let row = try latestLaunch(of: guest)
    let isLeftover =
      row.map { [LaunchOutcome.pending, .unknown].map(\.rawValue).contains($0.outcome) } ?? false
    guard found.state.state == .paused, isLeftover, let row else {
      throw .conflict(
        "guest '\(guest.name)' is \(found.state.state.rawValue) already",
        hint: found.state.state == .paused ? "resume it, or destroy it first" : nil)
    }
    var record = try LaunchRecord(row: row)
    try audited("guest.destroy", object: guest.name, detail: [("because", "an interrupted launch")]) {
      backend throws(BackendError) in try backend.destroy(guest.uuid, graceful: false)
    }
    record.outcome = .destroyed
    record.endedAt = Timestamp.now().description
    try keep(record, act: "launch.end", keepsKeys: false)
  }

  /// Sends a guest to the host. Unlike `hosted`, the result is a value that cannot be copied.
  func launched(
    _ body: (any LaunchBackend) throws(BackendError) -> PausedGuest
  ) throws(CoreError) -> PausedGuest {
    let backend = try backend()
    do {
      return try body(backend)
    } catch {
      throw .backend(error)
    }
  }
}
