/// What a simulated processor and its firmware are: fixed when a host is made.
package struct ProcessorModel: Equatable, Sendable {
  package var apiMajor: UInt8
  package var apiMinor: UInt8
  package var build: UInt8
  /// CPUID 8000_001F ECX: ASIDs are 1 to this number.
  package var maxASID: UInt32
  /// CPUID 8000_001F EDX: ASIDs below it are for SEV-ES guests, the others for SEV guests.
  package var minSEVASID: UInt32
  /// CPUID 8000_001F EBX 5:0: the page-table bit that says "encrypted".
  package var cbitPosition: UInt32
  /// CPUID 8000_001F EBX 11:6: physical address bits that encryption takes away.
  package var reducedPhysicalBits: UInt32
  /// Whether the host's driver initialises the firmware for SEV-ES (kvm_amd's parameter `sev_es`).
  package var initializesES: Bool
  /// SYSCFG[MEM_ENCRYPT], the firmware set-up's switch: without it INIT is refused.
  package var memoryEncryption: Bool

  package init(
    apiMajor: UInt8 = 1, apiMinor: UInt8 = 55, build: UInt8 = 21, maxASID: UInt32 = 1280,
    minSEVASID: UInt32 = 257, cbitPosition: UInt32 = 51, reducedPhysicalBits: UInt32 = 1,
    initializesES: Bool = true, memoryEncryption: Bool = true
  ) {
    self.apiMajor = apiMajor
    self.apiMinor = apiMinor
    self.build = build
    self.maxASID = maxASID
    self.minSEVASID = minSEVASID
    self.cbitPosition = cbitPosition
    self.reducedPhysicalBits = reducedPhysicalBits
    self.initializesES = initializesES
    self.memoryEncryption = memoryEncryption
  }

  /// The limits of a model that can exist: some ASIDs, a split inside them, a C-bit in the upper half of an
  /// address.
  package var isPlausible: Bool {
    (1...ASIDTable.limit).contains(maxASID) && (1...(maxASID + 1)).contains(minSEVASID)
      && (32...63).contains(cbitPosition) && (1...63).contains(reducedPhysicalBits)
  }

  package var maxSEVGuests: UInt32 { maxASID - minSEVASID + 1 }
  /// None where the host's driver leaves SEV-ES off.
  package var maxESGuests: UInt32 { initializesES ? minSEVASID - 1 : 0 }

  /// The ASIDs that a guest may have.
  package func asids(es: Bool) -> Range<UInt32> {
    es ? 1..<minSEVASID : minSEVASID..<(maxASID + 1)
  }
}
