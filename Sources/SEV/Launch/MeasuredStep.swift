/// One group of pages that a launch loads, and the launch digest behind it.
package struct MeasuredStep: Equatable, Sendable {
  package let content: Content
  /// Nil for SEV and SEV-ES, whose pages have no type.
  package let type: SNPPageType?
  /// Guest physical address of the first page; nil for SEV and SEV-ES, which measure no addresses.
  package let address: UInt64?
  /// Bytes.
  package let size: Int
  /// The digest of all steps up to this one.
  package let digest: [UInt8]

  package enum Content: Hashable, Sendable {
    case firmware
    /// Its digest was given, its bytes were not looked at.
    case hashedFirmware
    case svsm
    case section(SEVMetadata.Kind)
    case kernelHashes
    case vmsa(vcpu: Int)

    package var name: String {
      switch self {
      case .firmware: "firmware"
      case .hashedFirmware: "firmware-hash"
      case .svsm: "svsm"
      case .section(.secMemory): "sec-memory"
      case .section(.secrets): "secrets"
      case .section(.cpuid): "cpuid"
      case .section(.svsmCAA): "svsm-caa"
      case .section(.kernelHashes), .kernelHashes: "kernel-hashes"
      case .vmsa(let vcpu): "vmsa-\(vcpu)"
      }
    }
  }
}
