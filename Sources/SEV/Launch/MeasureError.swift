package import CVMCrypto

/// Why no launch digest can be computed.
package enum MeasureError: Error, Equatable, Sendable {
  /// SEV-ES or kernel hashes need what only a table in the image tells.
  case noFirmwareTable
  /// The firmware has no reset block, which every SEV-ES guest needs.
  case noResetBlock
  case unusableResetBlock(TableDefect)
  /// The firmware cannot check kernel hashes: a kernel given to it would not be measured.
  case noHashArea
  case unusableHashArea(TableDefect)
  /// Fewer than 1 or more than `VMSA.vcpuLimit`.
  case vcpuCount(Int)
  case crypto(CryptoError)

  package var summary: String {
    switch self {
    case .noFirmwareTable: "the firmware image has no OVMF table"
    case .noResetBlock: "the firmware has no SEV-ES reset block"
    case .unusableResetBlock(let defect): "the firmware's SEV-ES reset block is unusable: \(defect.summary)"
    case .noHashArea: "the firmware has no area for kernel hashes"
    case .unusableHashArea(let defect): "the firmware's area for kernel hashes is unusable: \(defect.summary)"
    case .vcpuCount(let count): "\(count) vCPUs: 1 to \(VMSA.vcpuLimit) are possible"
    case .crypto(let error): error.summary
    }
  }

  package var hint: String? {
    switch self {
    case .noHashArea, .unusableHashArea: "use an OVMF build for AMD SEV (AmdSev), or boot from disk"
    case .noFirmwareTable, .noResetBlock, .unusableResetBlock: "use an OVMF image built with SEV-ES support"
    case .vcpuCount, .crypto: nil
    }
  }
}
