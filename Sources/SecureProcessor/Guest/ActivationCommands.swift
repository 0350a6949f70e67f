import SEV

extension SecureProcessor {
  /// ACTIVATE: binds the guest's memory key to an ASID. A processor of one socket: nothing else to name.
  package mutating func activate(_ handle: GuestHandle, asid: UInt32) throws(CommandFailure) {
    let guest = try guest(handle)
    try require(platform.asids.contains(asid), else: .invalidASID)
    try require(!isAssigned(asid), else: .asidOwned)
    try require(guests[handle]?.asid == nil, else: .active)
    try require(guest.state != .sent, else: .invalidGuestState)
    try require(!platform.asids.isDirty(asid), else: .dfFlushRequired)
    try require(model.asids(es: guest.policy.es).contains(asid), else: .invalidASID)
    guests[handle]?.asid = asid
  }

  /// DEACTIVATE: takes the ASID away. It stays clean if no CPU can have run with it, else it needs WBINVD and
  /// DF_FLUSH.
  package mutating func deactivate(_ handle: GuestHandle) throws(CommandFailure) {
    let guest = try guest(handle)
    guard let asid = guests[handle]?.asid else { throw CommandFailure(.inactive) }
    if guest.state.hasRun {
      platform.asids.soil(asid)
      platform.cachesAreWrittenBack = false
    }
    guests[handle]?.asid = nil
  }

  /// DECOMMISSION: forgets the guest. The last one takes the platform back to INIT.
  package mutating func decommission(_ handle: GuestHandle) throws(CommandFailure) {
    try requirePlatform(.working)
    guard let slot = guests[handle] else { throw CommandFailure(.invalidGuest) }
    try require(slot.asid == nil, else: .active)
    guests[handle] = nil
  }

  /// GUEST_STATUS: an unknown handle is no failure but a guest in state UNINIT.
  package func guestStatus(_ handle: GuestHandle) throws(CommandFailure) -> GuestStatus {
    try requirePlatform(.initialized, .working)
    guard let slot = guests[handle], let guest = slot.context else {
      return GuestStatus(policy: SEVPolicy(rawValue: 0), asid: 0, state: .uninitialized)
    }
    return GuestStatus(policy: guest.policy, asid: slot.asid ?? 0, state: guest.state)
  }

  package func isAssigned(_ asid: UInt32) -> Bool { guests.values.contains { $0.asid == asid } }
}
