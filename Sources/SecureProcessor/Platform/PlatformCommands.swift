import CVMCrypto
package import SEV

extension SecureProcessor {
  /// INIT: UNINIT → INIT. Makes OCA, PEK and PDH if there are none; leaves every ASID dirty.
  package mutating func initialize(
    _ request: InitRequest, entropy: any Entropy
  ) throws(CommandFailure) {
    try requirePlatform(.uninitialized)
    try require(model.memoryEncryption, else: .hardwareErrorPlatform)
    try require(request.flags & ~InitRequest.esFlag == 0, else: .invalidConfig)
    let es = request.flags & InitRequest.esFlag != 0
    if es {
      try require(request.tmrAddress.isMultiple(of: InitRequest.tmrSize), else: .invalidAddress)
      try require(request.tmrLength == InitRequest.tmrSize, else: .invalidLength)
    }
    if platform.keys == nil { platform.keys = try freshKeys(entropy) }
    platform.isInitialized = true
    platform.isES = es
    platform.asids = ASIDTable(count: model.maxASID)
    platform.cachesAreWrittenBack = false
  }

  /// SHUTDOWN: every guest is gone. Keys and ownership stay. In any state.
  package mutating func shutdown() {
    guests = [:]
    platform.isInitialized = false
    platform.isES = false
  }

  /// PLATFORM_RESET: forgets OCA, PEK, PDH and the owner. Only in UNINIT.
  package mutating func platformReset() throws(CommandFailure) {
    try requirePlatform(.uninitialized)
    platform.keys = nil
    platform.isOwnedExternally = false
  }

  /// PLATFORM_STATUS, in any state. Owner, configuration and guest count read zero in UNINIT.
  package func platformStatus() -> PlatformStatus {
    PlatformStatus(
      apiMajor: model.apiMajor, apiMinor: model.apiMinor, state: state,
      isExternallyOwned: platform.isInitialized && platform.isOwnedExternally, supportsES: platform.isES,
      build: model.build, guestCount: UInt32(guests.count))
  }

  /// DF_FLUSH: dirty ASIDs become clean, provided that all cores wrote back their caches since the last one
  /// became dirty.
  package mutating func dataFabricFlush() throws(CommandFailure) {
    try require(platform.cachesAreWrittenBack, else: .wbinvdRequired)
    platform.asids.flush()
  }

  /// WBINVD on every core: an instruction of the host's, no command.
  package mutating func writeBackCaches() { platform.cachesAreWrittenBack = true }

  /// GET_ID: the chip's 64-byte identity. `length` is the size of the caller's buffer.
  package func getID(length: Int = ChipIdentity.idSize) throws(CommandFailure) -> [UInt8] {
    try require(buffers: [length], atLeast: [ChipIdentity.idSize])
    return chip.id
  }
}
