/// The policy of a SEV or SEV-ES guest, 32 bits. Source: AMD 55766, "Guest Policy Structure".
///
/// | bits  | field     | Swift           |
/// |------:|-----------|-----------------|
/// |     0 | NODBG     | `noDebug`       |
/// |     1 | NOKS      | `noKeySharing`  |
/// |     2 | ES        | `es`            |
/// |     3 | NOSEND    | `noSend`        |
/// |     4 | DOMAIN    | `domain`        |
/// |     5 | SEV       | `sev`           |
/// |  15:6 | reserved  | `reservedBits`  |
/// | 23:16 | API_MAJOR | `apiMajor`      |
/// | 31:24 | API_MINOR | `apiMinor`      |
///
/// On the wire the four bytes are flags, zero, API_MAJOR, API_MINOR: the pair stands the other way round
/// than in a SEV-SNP policy.
package struct SEVPolicy: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package var rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// What a guest owner gets who asks for nothing else: no debugging, no key sharing.
  package static let sevDefault = SEVPolicy(rawValue: 0x3)
  /// As `sevDefault`, with SEV-ES.
  package static let esDefault = SEVPolicy(rawValue: 0x7)

  /// Reads `0x5`, `5` or `NODBG,ES` (also joined by `+` or `|`). Reserved bits are kept for
  /// `reservedBits` to tell.
  package init(text: String) throws(PolicyTextError) {
    let parsed = try PolicyText.parse(text, width: 32, table: Self.table)
    rawValue = UInt32(truncatingIfNeeded: parsed.value)  // the parser held it to 32 bits
  }

  package var noDebug: Bool { rawValue & 1 << 0 != 0 }
  package var noKeySharing: Bool { rawValue & 1 << 1 != 0 }
  package var es: Bool { rawValue & 1 << 2 != 0 }
  package var noSend: Bool { rawValue & 1 << 3 != 0 }
  package var domain: Bool { rawValue & 1 << 4 != 0 }
  package var sev: Bool { rawValue & 1 << 5 != 0 }

  /// The bits that must be zero, in place; the firmware refuses others with POLICY_FAILURE.
  package var reservedBits: UInt32 { rawValue & 0xFFC0 }

  /// The oldest firmware API that may run the guest, compared as a pair.
  package var apiMajor: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 16) }
  package var apiMinor: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 24) }

  /// Whether a firmware of this API version is new enough.
  package func admits(apiMajor major: UInt8, apiMinor minor: UInt8) -> Bool {
    (major, minor) >= (apiMajor, apiMinor)
  }

  /// The host may decrypt and change the guest's memory: a launch needs the owner's explicit consent.
  package var requiresDebugConsent: Bool { !noDebug }

  /// The host may start a second guest of its own under the same memory key, which then reads the first
  /// one's pages: a launch needs the owner's explicit consent.
  package var requiresKeySharingConsent: Bool { !noKeySharing }

  /// The host may have the guest sent to a platform whose certificates the firmware does not hold against
  /// AMD's root. DOMAIN alone does not help: the platform's owner makes that root.
  package var mayLeaveForUnverifiedPlatform: Bool { !noSend && !sev }

  /// No SEV firmware has a major API version above 1: the pair was most likely written the wrong way round.
  package var hasUnlikelyAPIVersion: Bool { apiMajor > 1 }

  /// What every flag says.
  package var facts: [PolicyFact] {
    Self.table.map { row in
      var fact = row.fact(in: UInt64(rawValue))
      // NOSEND clear is harmless as long as SEV is set: the one bit that depends on another.
      if row.name == "NOSEND" { fact.weakensConfidentiality = mayLeaveForUnverifiedPlatform }
      return fact
    }
  }

  /// AMD's names of the flags, lowest bit first.
  package static let names = table.map(\.name)

  /// `0x00000003`.
  package var description: String { rawValue.paddedHex }

  static let table: [PolicyBit] = [
    PolicyBit(
      name: "NODBG", bit: 0, whenSet: "the host cannot use the debug commands",
      whenClear: "the host can read and change the guest's memory with the debug commands",
      weakens: .whenClear),
    PolicyBit(
      name: "NOKS", bit: 1, whenSet: "no other guest shares this guest's memory key",
      whenClear: "the host can start another guest with this guest's memory key, which can read its memory",
      weakens: .whenClear),
    PolicyBit(
      name: "ES", bit: 2, whenSet: "CPU registers are encrypted whenever the guest is left (SEV-ES)",
      whenClear: "CPU registers are visible to the host whenever the guest is left", weakens: .whenClear),
    PolicyBit(
      name: "NOSEND", bit: 3, whenSet: "the guest cannot be sent to another platform",
      whenClear: "the guest can be sent to another platform, within what DOMAIN and SEV allow",
      weakens: .never),
    PolicyBit(
      name: "DOMAIN", bit: 4, whenSet: "the guest can be sent only to a platform of the same owner (OCA)",
      whenClear: "the guest can be sent to a platform of any owner", weakens: .never),
    PolicyBit(
      name: "SEV", bit: 5, whenSet: "the guest can be sent only to a genuine SEV platform",
      whenClear: "unless NOSEND is set, the guest can be sent to anything that calls itself a platform",
      weakens: .never),
  ]
}
