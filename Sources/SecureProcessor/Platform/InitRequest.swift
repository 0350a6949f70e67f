/// The arguments of INIT. Source: AMD 55766, section 5.2.
package struct InitRequest: Equatable, Sendable {
  /// Bit 0: SEV-ES; the others are reserved.
  package var flags: UInt32
  /// Trusted memory region, where the firmware keeps what it knows of SEV-ES guests.
  package var tmrAddress: UInt64
  package var tmrLength: UInt64

  package static let esFlag: UInt32 = 1
  /// Size and alignment of the trusted memory region.
  package static let tmrSize: UInt64 = 1 << 20

  package init(flags: UInt32 = 0, tmrAddress: UInt64 = 0, tmrLength: UInt64 = 0) {
    self.flags = flags
    self.tmrAddress = tmrAddress
    self.tmrLength = tmrLength
  }

  /// With SEV-ES, or without.
  package init(es: Bool) {
    self.init(flags: es ? Self.esFlag : 0, tmrAddress: 0, tmrLength: es ? Self.tmrSize : 0)
  }
}
