internal import CLibvirt
internal import CVMCore

extension SEVPlatform {
  /// What `virNodeGetSEVInfo` hands over.
  ///
  /// | name                | type   | bytes after base64     |
  /// |---------------------|--------|------------------------|
  /// | `pdh`               | string | 2084                   |
  /// | `cert-chain`        | string | 3 × 2084: PEK, OCA, CEK |
  /// | `cpu0-id`           | string | 64; may be absent      |
  /// | `cbitpos`           | uint   |                        |
  /// | `reduced-phys-bits` | uint   |                        |
  /// | `max-guests`        | uint   | absent before 8.0: 0   |
  /// | `max-es-guests`     | uint   | absent before 8.0: 0   |
  init(_ parameters: TypedParameters) throws(ParameterError) {
    self.init(
      pdh: try parameters.requiredBytes(VIR_NODE_SEV_PDH, size: Self.certificateSize),
      certificateChain: try parameters.requiredBytes(
        VIR_NODE_SEV_CERT_CHAIN, size: 3 * Self.certificateSize),
      cpu0ID: try parameters.bytes(VIR_NODE_SEV_CPU0_ID, size: Self.chipIDSize),
      cbitPosition: try parameters.requiredUInt(VIR_NODE_SEV_CBITPOS),
      reducedPhysicalBits: try parameters.requiredUInt(VIR_NODE_SEV_REDUCED_PHYS_BITS),
      maxGuests: parameters.uint(VIR_NODE_SEV_MAX_GUESTS) ?? 0,
      maxESGuests: parameters.uint(VIR_NODE_SEV_MAX_ES_GUESTS) ?? 0)
  }

  /// Bytes of a SEV certificate.
  private static let certificateSize = 2084
  /// Bytes of GET_ID's answer for one socket.
  private static let chipIDSize = 64
}
