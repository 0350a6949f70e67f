/// The policy of a SEV-SNP guest, 64 bits. Source: AMD 56860, "Guest Policy".
///
/// | bits  | field             | Swift                      |
/// |------:|-------------------|----------------------------|
/// |   7:0 | ABI_MINOR         | `abiMinor`                 |
/// |  15:8 | ABI_MAJOR         | `abiMajor`                 |
/// |    16 | SMT               | `smt`                      |
/// |    17 | must be 1         | `hasMandatoryBit`          |
/// |    18 | MIGRATE_MA        | `migrationAgent`           |
/// |    19 | DEBUG             | `debug`                    |
/// |    20 | SINGLE_SOCKET     | `singleSocket`             |
/// |    21 | CXL_ALLOW         | `cxlAllowed`               |
/// |    22 | MEM_AES_256_XTS   | `aes256XTS`                |
/// |    23 | RAPL_DIS          | `raplDisabled`             |
/// |    24 | CIPHERTEXT_HIDING | `ciphertextHiding`         |
/// |    25 | PAGE_SWAP_DISABLE | `pageSwapDisabled`         |
/// | 63:26 | reserved          | `reservedBits`             |
package struct SNPPolicy: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  package var rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  /// SMT allowed, no debugging, no migration agent, any ABI version.
  package static let snpDefault = SNPPolicy(rawValue: 0x30000)

  /// Reads `0x30000`, `196608` or `SMT,SINGLE_SOCKET` (also joined by `+` or `|`). Names imply the bit
  /// that must be 1; a number is taken as it stands.
  package init(text: String) throws(PolicyTextError) {
    let parsed = try PolicyText.parse(text, width: 64, table: Self.table.filter { $0.bit != 17 })
    rawValue = parsed.named ? parsed.value | Self.mandatoryBit : parsed.value
  }

  package var abiMinor: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
  package var abiMajor: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }
  package var smt: Bool { isSet(16) }
  /// Bit 17; the firmware refuses a policy without it.
  package var hasMandatoryBit: Bool { isSet(17) }
  package var migrationAgent: Bool { isSet(18) }
  package var debug: Bool { isSet(19) }
  package var singleSocket: Bool { isSet(20) }
  package var cxlAllowed: Bool { isSet(21) }
  package var aes256XTS: Bool { isSet(22) }
  package var raplDisabled: Bool { isSet(23) }
  package var ciphertextHiding: Bool { isSet(24) }
  package var pageSwapDisabled: Bool { isSet(25) }

  /// The bits that must be zero, in place.
  package var reservedBits: UInt64 { rawValue & ~UInt64(0x3FF_FFFF) }

  /// Whether bit 17 and the reserved bits are what the firmware wants.
  package var isWellFormed: Bool { hasMandatoryBit && reservedBits == 0 }

  /// Whether a firmware of this ABI version is new enough.
  package func admits(abiMajor major: UInt8, abiMinor minor: UInt8) -> Bool {
    (major, minor) >= (abiMajor, abiMinor)
  }

  /// The host may decrypt and change the guest's memory: a launch needs the owner's explicit consent.
  package var requiresDebugConsent: Bool { debug }

  /// A migration agent may be bound, which holds the guest's keys when it moves.
  package var requiresMigrationConsent: Bool { migrationAgent }

  /// What every flag says.
  package var facts: [PolicyFact] { Self.table.map { $0.fact(in: rawValue) } }

  /// AMD's names of the flags that may be chosen, lowest bit first.
  package static let names = table.map(\.name).filter { $0 != "RESERVED_1" }

  /// `0x0000000000030000`.
  package var description: String { rawValue.paddedHex }

  private static let mandatoryBit: UInt64 = 1 << 17

  private func isSet(_ bit: UInt64) -> Bool { rawValue >> bit & 1 == 1 }

  static let table: [PolicyBit] = [
    PolicyBit(
      name: "SMT", bit: 16, whenSet: "the host may run with simultaneous multithreading",
      whenClear: "the host must have simultaneous multithreading off", weakens: .never),
    PolicyBit(
      name: "RESERVED_1", bit: 17, whenSet: "must be 1, and is",
      whenClear: "must be 1: the firmware refuses the policy", weakens: .never),
    PolicyBit(
      name: "MIGRATE_MA", bit: 18, whenSet: "a migration agent may be bound and can move the guest's keys",
      whenClear: "no migration agent may be bound", weakens: .whenSet),
    PolicyBit(
      name: "DEBUG", bit: 19,
      whenSet: "the host can read and change the guest's memory with the debug commands",
      whenClear: "the host cannot use the debug commands", weakens: .whenSet),
    PolicyBit(
      name: "SINGLE_SOCKET", bit: 20, whenSet: "the guest runs on one socket only",
      whenClear: "the guest may run on several sockets", weakens: .never),
    PolicyBit(
      name: "CXL_ALLOW", bit: 21, whenSet: "the host may have CXL devices or memory",
      whenClear: "the host must have neither CXL devices nor CXL memory", weakens: .never),
    PolicyBit(
      name: "MEM_AES_256_XTS", bit: 22, whenSet: "memory encryption must be AES-256-XTS",
      whenClear: "memory encryption may be AES-128-XEX or AES-256-XTS", weakens: .never),
    PolicyBit(
      name: "RAPL_DIS", bit: 23, whenSet: "the host's power meter (RAPL) must be off",
      whenClear: "the host's power meter (RAPL) may stay on", weakens: .never),
    PolicyBit(
      name: "CIPHERTEXT_HIDING", bit: 24, whenSet: "the host must not be able to read the guest's ciphertext",
      whenClear: "the host may be able to read the guest's ciphertext", weakens: .never),
    PolicyBit(
      name: "PAGE_SWAP_DISABLE", bit: 25,
      whenSet: "the firmware's commands that move or swap the guest's pages are refused",
      whenClear: "the host may move and swap the guest's pages by the firmware's commands",
      weakens: .never),
  ]
}
