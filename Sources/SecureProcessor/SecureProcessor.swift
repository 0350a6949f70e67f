package import SEV

/// A simulated AMD Secure Processor (AMD-SP) with the SEV firmware: SEV and SEV-ES, without hardware.
///
/// A pure state machine: a command takes the state (`self`), its arguments, memory and randomness, and either
/// changes the state and answers, or throws AMD's status code and changes nothing. The checks run in the
/// order of AMD's firmware, as far as it is known (AMD 55766 and the firmware that AMD published in 2023).
/// Files, locks and clocks stand elsewhere (`Store/`).
///
/// A copy of the value shares the running digest of a guest in LUPDATE: keep one copy of a launch in
/// progress.
package struct SecureProcessor {
  package let model: ProcessorModel
  /// What the chip was born with.
  package let chip: ChipIdentity
  package internal(set) var platform: Platform
  /// Every guest by its handle.
  package internal(set) var guests: [GuestHandle: GuestSlot]

  /// A processor that was never initialised: platform state UNINIT, no guest, no persistent key.
  package init(model: ProcessorModel, chip: ChipIdentity) {
    self.init(model: model, chip: chip, platform: Platform(asidCount: model.maxASID), guests: [:])
  }

  init(
    model: ProcessorModel, chip: ChipIdentity, platform: Platform, guests: [GuestHandle: GuestSlot]
  ) {
    self.model = model
    self.chip = chip
    self.platform = platform
    self.guests = guests
  }

  package var state: PlatformStatus.State {
    guard platform.isInitialized else { return .uninitialized }
    return guests.isEmpty ? .initialized : .working
  }
}

extension SecureProcessor {
  package static let handles: ClosedRange<GuestHandle> = 1...1024

  /// The first check of a platform command: INVALID_PLATFORM_STATE outside of `states`.
  func requirePlatform(_ states: PlatformStatus.State...) throws(CommandFailure) {
    try require(states.contains(state), else: .invalidPlatformState)
  }

  /// The first two checks of a guest command: platform WORKING, a guest by this handle.
  func guest(_ handle: GuestHandle) throws(CommandFailure) -> GuestContext {
    try requirePlatform(.working)
    return try context(handle)
  }

  func context(_ handle: GuestHandle) throws(CommandFailure) -> GuestContext {
    guard let context = guests[handle]?.context else { throw CommandFailure(.invalidGuest) }
    return context
  }

  /// INVALID_GUEST_STATE outside of `states`.
  func requireState(_ guest: GuestContext, _ states: GuestState...) throws(CommandFailure) {
    try require(states.contains(guest.state), else: .invalidGuestState)
  }

  /// INACTIVE unless the guest has an ASID.
  func requireActive(_ handle: GuestHandle) throws(CommandFailure) {
    try require(guests[handle]?.asid != nil, else: .inactive)
  }

  /// INVALID_ADDRESS unless on a 16-byte boundary.
  func requireAligned(_ address: UInt64) throws(CommandFailure) {
    try require(address.isMultiple(of: UInt64(MemoryCipher.blockSize)), else: .invalidAddress)
  }

  /// INVALID_LENGTH unless a positive multiple of 16.
  func requireBlocks(_ count: Int) throws(CommandFailure) {
    try require(count > 0 && count.isMultiple(of: MemoryCipher.blockSize), else: .invalidLength)
  }
}
