import SEV

/// What the host's driver (Linux: ccp and kvm_amd) does with the firmware's commands.
extension SecureProcessor {
  /// INIT, and the first flush: without it no ASID is clean.
  package mutating func switchOn(entropy: any Entropy) throws(CommandFailure) {
    try initialize(InitRequest(es: model.initializesES), entropy: entropy)
    try flush()
  }

  /// WBINVD on every core, then DF_FLUSH.
  package mutating func flush() throws(CommandFailure) {
    writeBackCaches()
    try dataFabricFlush()
  }

  /// LAUNCH_START and ACTIVATE with a free ASID. Leaves no guest behind where it throws.
  package mutating func launch(
    _ request: LaunchStart, entropy: any Entropy
  ) throws(HostFailure) -> GuestHandle {
    let handle: GuestHandle
    do { handle = try launchStart(request, entropy: entropy) } catch {
      throw .refused(.launchStart, error)
    }
    guard let asid = freeASID(es: request.policy.es) else {
      guests[handle] = nil
      throw .noFreeASID
    }
    do {
      if platform.asids.isDirty(asid) { try flush() }
      try activate(handle, asid: asid)
    } catch {
      guests[handle] = nil
      throw .refused(.activate, error)
    }
    return handle
  }

  /// DEACTIVATE if needed, and DECOMMISSION.
  package mutating func retire(_ handle: GuestHandle) throws(CommandFailure) {
    if guests[handle]?.asid != nil { try deactivate(handle) }
    try decommission(handle)
  }

  /// As `retire`, for a guest whose context may not be readable: its ASID counts as dirty.
  package mutating func abandon(_ handle: GuestHandle) {
    if let asid = guests[handle]?.asid {
      platform.asids.soil(asid)
      platform.cachesAreWrittenBack = false
    }
    guests[handle] = nil
  }

  /// A clean one, else a dirty one, of the guest's kind.
  private func freeASID(es: Bool) -> UInt32? {
    let taken = Set(guests.values.compactMap(\.asid))
    let free = model.asids(es: es).lazy.filter { !taken.contains($0) }
    return free.first { !platform.asids.isDirty($0) } ?? free.first
  }
}

/// Why a host's driver could not launch a guest.
package enum HostFailure: Error, Equatable, Sendable {
  case refused(CommandID, CommandFailure)
  /// Every ASID of the guest's kind is taken; KVM says EBUSY.
  case noFreeASID
}
