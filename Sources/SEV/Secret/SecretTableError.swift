package import Bytes

/// Why secrets make no launch secret.
package enum SecretTableError: Error, Equatable, Sendable {
  case noSecrets
  case emptySecret(GUID)
  case repeated(GUID)
  /// More than one packet may hold.
  case tooLarge(needed: Int, limit: Int)
  /// The firmware offers no area for secrets; QEMU would write to guest address 0.
  case noArea
  case areaTooSmall(needed: Int, area: FirmwareArea)
  /// Its address is not a multiple of 16, as the AMD-SP wants it.
  case areaMisaligned(FirmwareArea)

  package var summary: String {
    switch self {
    case .noSecrets: "no secret is given"
    case .emptySecret(let guid): "the secret \(guid) is empty"
    case .repeated(let guid): "the secret \(guid) is given twice"
    case .tooLarge(let needed, let limit): "the secrets need \(needed) bytes, a packet holds \(limit)"
    case .noArea: "the firmware has no area for launch secrets"
    case .areaTooSmall(let needed, let area):
      "the secrets need \(needed) bytes, the firmware's area has \(area.size)"
    case .areaMisaligned(let area):
      "the firmware's secret area starts at 0x\(String(area.base, radix: 16)), not at a multiple of 16"
    }
  }

  package var hint: String? {
    switch self {
    case .noArea: "use an OVMF build for AMD SEV (AmdSev)"
    default: nil
    }
  }
}
