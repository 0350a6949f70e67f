package import CVMCore

extension LibvirtBackend {
  package func start(_ uuid: GuestUUID, paused: Bool) throws(BackendError) {
    let act = begin("start", .launch, on: uuid.rawValue)
    let domain = try inactiveDomain(uuid, act)
    let mayStillCome = address.isRemote
    try perform(act, on: domain.host, cancelling: uuid) { () throws(LibvirtError) in
      try domain.start(paused: paused)
    } fate: { host throws(LibvirtError) in
      guard let found = try host.findSettled(uuid), found.id != nil else {
        return mayStillCome ? .unknown : .undone
      }
      guard try found.state().isStartingUp else { return .done(()) }
      _ = try host.end(uuid)
      return .undone
    }
  }

  package func shutdown(_ uuid: GuestUUID) throws(BackendError) {
    try change("shutdown", uuid) { domain throws(LibvirtError) in
      try domain.shutdown()
    } fate: { state in
      state.isActive && state != .inShutdown ? .unknown : .done(())
    }
  }

  package func reboot(_ uuid: GuestUUID) throws(BackendError) {
    try change("reboot", uuid) { domain throws(LibvirtError) in
      try domain.reboot()
    } fate: { _ in
      .unknown
    }
  }

  package func reset(_ uuid: GuestUUID) throws(BackendError) {
    try change("reset", uuid) { domain throws(LibvirtError) in
      try domain.reset()
    } fate: { _ in
      .unknown
    }
  }

  package func suspend(_ uuid: GuestUUID) throws(BackendError) {
    try change("suspend", uuid) { domain throws(LibvirtError) in
      try domain.suspend()
    } fate: { state in
      switch state {
      case .paused: .done(())
      case .running, .idle: .undone
      default: .unknown
      }
    }
  }

  package func resume(_ uuid: GuestUUID) throws(BackendError) {
    try change("resume", uuid) { domain throws(LibvirtError) in
      try domain.resume()
    } fate: { state in
      switch state {
      case .running, .idle: .done(())
      case .paused: .undone
      default: .unknown
      }
    }
  }

  package func destroy(_ uuid: GuestUUID, graceful: Bool) throws(BackendError) {
    // What is destroyed after the limit is what a launch left behind.
    try change("destroy", uuid, least: min(timeout * 250, 5_000)) { domain throws(LibvirtError) in
      try domain.destroyRun(graceful: graceful)
    } fate: { state in
      state.isActive ? .undone : .done(())
    }
  }

  /// The guest, to start it. What is active already is not started again, and is not taken for the work of a
  /// start that failed.
  func inactiveDomain(_ uuid: GuestUUID, _ act: Act) throws(BackendError) -> any HostDomain {
    let domain = try domain(uuid, act)
    guard domain.id == nil else {
      keep(domain.host)
      throw .conflict(reason: "the guest is already active")
    }
    return domain
  }

  /// Changes one run of a guest. `fate` tells from that run's state, `shutOff` once it is over, what became
  /// of the change.
  private func change(
    _ name: String, _ uuid: GuestUUID, least: Int = 0,
    _ body: @escaping @Sendable (any HostDomain) throws(LibvirtError) -> Void,
    fate: @escaping @Sendable (RunState) -> Fate<Void>
  ) throws(BackendError) {
    let act = begin(name, .change, on: uuid.rawValue, least: least)
    let domain = try domain(uuid, act)
    let run = domain.id
    try perform(act, on: domain.host) { () throws(LibvirtError) in
      try body(domain)
    } fate: { host throws(LibvirtError) in
      let found = try host.findSettled(uuid)
      guard let found, found.id == run else { return fate(.shutOff) }
      return fate(try found.state().runState)
    }
  }
}
