/// What a key of AMD's hierarchy is for (PUBKEY_USAGE, and a signer's SIG_USAGE). Source: AMD 55766,
/// appendix C.
package enum CertificateUsage: UInt32, Sendable, CaseIterable {
  /// AMD root key.
  case ark = 0x0000
  /// AMD SEV signing key.
  case ask = 0x0013
  /// No signature.
  case none = 0x1000
  /// Owner certificate authority: who owns the platform.
  case oca = 0x1001
  /// Platform endorsement key: signs PDH and reports.
  case pek = 0x1002
  /// Platform Diffie-Hellman key, and a guest owner's counterpart of it.
  case pdh = 0x1003
  /// Chip endorsement key: from the chip's fuses, signed by AMD.
  case cek = 0x1004

  /// AMD's abbreviation.
  package var amdName: String {
    switch self {
    case .ark: "ARK"
    case .ask: "ASK"
    case .none: "none"
    case .oca: "OCA"
    case .pek: "PEK"
    case .pdh: "PDH"
    case .cek: "CEK"
    }
  }
}
