package import Bytes
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
  /// SEV-SNP: the firmware does not say which pages to prepare. The offset is its table's.
  case noMetadata(tableOffset: Int)
  /// The offset is the table entry's.
  case unusableMetadata(TableDefect, offset: Int)
  case malformedMetadata(FormatError)
  /// A kernel, but no section in which a SEV-SNP firmware would find its hashes.
  case noHashSection(metadataOffset: Int)
  /// The section is not one page. The offset is its entry's, as of those below.
  case hashSectionSize(UInt32, offset: Int)
  case hashesCrossPage(base: UInt32)
  /// A section lies where an image is loaded.
  case sectionInImage(offset: Int)
  /// An image is no whole pages, or does not fit below 4 GiB.
  case imageSize(Int)
  /// A precomputed digest is not 48 bytes.
  case digestSize(Int)
  /// More than one vCPU, and no address for those besides the first. The offset is the reset block's.
  case zeroResetAddress(vcpus: Int, offset: Int)
  /// An SVSM image does not say where it starts.
  case noSVSMEntry
  case unusableSVSMEntry(TableDefect)
  /// The space for a firmware's variables is no whole pages, or does not fit below 4 GiB.
  case variablesSize(Int)
  /// An SVSM starts a firmware that takes no kernel hashes.
  case kernelWithSVSM
  case crypto(CryptoError)

  package var summary: String {
    switch self {
    case .noFirmwareTable: "the firmware image has no OVMF table"
    case .noResetBlock: "the firmware has no SEV-ES reset block"
    case .unusableResetBlock(let defect): "the firmware's SEV-ES reset block is unusable: \(defect.summary)"
    case .noHashArea: "the firmware has no area for kernel hashes"
    case .unusableHashArea(let defect): "the firmware's area for kernel hashes is unusable: \(defect.summary)"
    case .vcpuCount(let count): "\(count) vCPUs: 1 to \(VMSA.vcpuLimit) are possible"
    case .noMetadata(let offset): "the firmware's table (offset \(offset)) names no SEV metadata"
    case .unusableMetadata(let defect, let offset):
      "the firmware's SEV metadata (table entry at offset \(offset)) is unusable: \(defect.summary)"
    case .malformedMetadata(let error): error.summary
    case .noHashSection(let offset):
      "the firmware's SEV metadata (offset \(offset)) has no section for kernel hashes"
    case .hashSectionSize(let size, let offset):
      "the section for kernel hashes (offset \(offset)) has \(size) bytes, not 4096"
    case .hashesCrossPage(let base):
      "the firmware's area for kernel hashes, at 0x\(String(base, radix: 16)), does not end within its page"
    case .sectionInImage(let offset): "a section of the SEV metadata (offset \(offset)) overlaps an image"
    case .imageSize(let size): "the image has \(size) bytes, not whole pages of 4096 below 4 GiB"
    case .digestSize(let size): "a digest of \(size) bytes, not \(SNPLaunchDigest.size)"
    case .zeroResetAddress(let vcpus, let offset):
      "\(vcpus) vCPUs, but the firmware's SEV-ES reset block (offset \(offset)) has the address 0"
    case .noSVSMEntry: "the SVSM image has no SVSM information: it does not say where it starts"
    case .unusableSVSMEntry(let defect): "the SVSM image's information is unusable: \(defect.summary)"
    case .variablesSize(let size): "\(size) bytes of variables: not whole pages of 4096 below 4 GiB"
    case .kernelWithSVSM: "an SVSM guest's kernel hashes are not measured"
    case .crypto(let error): error.summary
    }
  }

  package var hint: String? {
    switch self {
    case .noHashArea, .unusableHashArea: "use an OVMF build for AMD SEV (AmdSev), or boot from disk"
    case .noFirmwareTable, .noResetBlock, .unusableResetBlock: "use an OVMF image built with SEV-ES support"
    case .noMetadata, .unusableMetadata, .malformedMetadata: "use an OVMF image built with SEV-SNP support"
    case .noHashSection, .hashSectionSize, .hashesCrossPage:
      "use an OVMF build for AMD SEV (AmdSev), or boot from disk"
    case .zeroResetAddress: "use an OVMF image built with SEV-ES support, or one vCPU"
    case .noSVSMEntry, .unusableSVSMEntry: "is this an SVSM image? Some SVSMs come as IGVM files"
    case .kernelWithSVSM: "leave the kernel away"
    case .sectionInImage, .imageSize, .digestSize, .variablesSize, .vcpuCount, .crypto: nil
    }
  }
}
