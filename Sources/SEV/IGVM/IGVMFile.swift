package import Bytes

/// What an IGVM file loads into a SEV-SNP guest, in the file's order: what Coconut-SVSM boots from. Source: IGVM file format
/// (microsoft/igvm, igvm_defs); how it is loaded: QEMU, backends/igvm.c.
///
/// `IGVMFixedHeader`, then variable headers (`IGVMHeader`) in three sections, then data. A header counts where its mask has the
/// platform's bit. Little-endian; the offsets are those of the headers' contents:
///
/// | type  | size | header             | content                                                             |
/// |------:|-----:|--------------------|---------------------------------------------------------------------|
/// |   0x1 |   16 | SUPPORTED_PLATFORM | mask 4 (one bit), highest VTL 1, platform 1 (2 = SEV-SNP),          |
/// |       |      |                    | version 2, shared boundary 8                                        |
/// | 0x101 |   16 | GUEST_POLICY       | policy 8, mask 4, zero 4                                            |
/// | 0x102 0x103 || relocation         | refused                                                             |
/// | 0x301 |   16 | PARAMETER_AREA     | bytes 8, index 4, file offset 4 (0: zeros)                          |
/// | 0x302 |   24 | PAGE_DATA          | GPA 8, mask 4, file offset 4 (0: no data), flags 4 (`PageFlags`),   |
/// |       |      |                    | type 2 (0 normal, 1 secrets, 2 and 3 CPUID), zero 2                 |
/// | 0x303 |   16 | PARAMETER_INSERT   | GPA 8, mask 4, area 4                                               |
/// | 0x304 |   20 | VP_CONTEXT         | GPA 8, mask 4, file offset 4 (of a VMSA), vCPU 2, zero 2            |
/// | 0x305 |   24 | REQUIRED_MEMORY    | GPA 8, mask 4, bytes 4, flags 4, zero 4; not measured               |
/// | 0x307 to 0x313 | 8 | parameters    | area 4, offset 4; 30B, 30D and 311 are none                         |
/// | 0x30B |  696 | SNP_ID_BLOCK       | `IGVMIDBlock`; not measured                                         |
/// | 0x30D |   16 | ERROR_RANGE        | GPA 8, mask 4, bytes 4; shared, not measured                        |
package struct IGVMFile: Sendable {
  /// Bytes of the largest file that is read.
  package static let sizeLimit = 256 << 20
  /// The most pages that are measured: 1 GiB.
  package static let pageLimit = 1 << 18
  /// Bytes of the largest parameter area.
  package static let areaLimit: UInt64 = 16 << 20

  /// Of the file format.
  package let version: UInt32
  package internal(set) var policy: SNPPolicy?
  package internal(set) var idBlock: IGVMIDBlock?
  /// In the order in which they are measured.
  package internal(set) var regions: [IGVMRegion] = []
  /// By vCPU, from 0 on without a gap.
  package internal(set) var contexts: [IGVMContext] = []
  /// The offset of the first parameter area that is inserted after a page was loaded. QEMU collects pages that follow one another
  /// and loads the last of them only when the next ones come or the file ends: it measures such an area before them.
  package internal(set) var lateInsert: Int?

  let bytes: [UInt8]

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    self.bytes = bytes
    var cursor = ByteCursor(bytes, format: "IGVM file")
    let fixed = try IGVMFixedHeader(&cursor, of: bytes)
    version = fixed.version
    try cursor.skip(fixed.headers.lowerBound - cursor.offset)
    var reader = IGVMReader(end: fixed.headers.upperBound, data: fixed.headers.upperBound..<bytes.count)
    try reader.read(&cursor, into: &self)
    try requireApart()
    try requireContexts()
  }

  /// Throws where a page is loaded twice: the firmware takes each once.
  private func requireApart() throws(FormatError) {
    let sorted = regions.sorted { ($0.gpa, $0.offset) < ($1.gpa, $1.offset) }
    for (region, next) in zip(sorted, sorted.dropFirst()) where next.gpa - region.gpa < region.size {
      throw FormatError(
        "IGVM file", at: max(region.offset, next.offset),
        .invalid(field: "gpa", reason: "a page that is loaded already"))
    }
  }

  /// Throws unless the vCPUs that have a register state are the first ones, each once: KVM measures one a vCPU.
  private mutating func requireContexts() throws(FormatError) {
    contexts.sort { ($0.vcpu, $0.offset) < ($1.vcpu, $1.offset) }
    for (index, context) in contexts.enumerated() where context.vcpu != index {
      let reason = context.vcpu < index ? "a vCPU's register state twice" : "none for the vCPU before"
      throw FormatError("IGVM file", at: context.offset, .invalid(field: "VP_CONTEXT", reason: reason))
    }
    guard !contexts.isEmpty else {
      throw FormatError("IGVM file", at: 0, .invalid(field: "VP_CONTEXT", reason: "no vCPU's register state"))
    }
  }
}

/// Pages of one kind that lie one after the other, in the guest and in the file.
package struct IGVMRegion: Equatable, Sendable {
  package enum Content: Equatable, Sendable {
    /// Bytes of the file, from this offset on.
    case data(Int)
    /// Normal pages for which the file has no bytes.
    case empty
    case unmeasured, secrets, cpuid
    /// An area that the loader fills with parameters; measured as unmeasured.
    case parameters
  }

  package var content: Content
  package var gpa: UInt64
  package var pages: Int
  /// Of its first header in the file.
  package var offset: Int

  var size: UInt64 { UInt64(pages) * UInt64(SNPDigest.pageSize) }

  /// Whether `next` goes on where this one ends.
  func isContinued(by next: IGVMRegion) -> Bool {
    guard gpa + size == next.gpa else { return false }
    if case .data(let first) = content, case .data(let second) = next.content {
      return first + pages * SNPDigest.pageSize == second
    }
    return content == next.content && content != .parameters
  }
}

/// The register state of a vCPU: a VMSA in the file.
package struct IGVMContext: Equatable, Sendable {
  package var vcpu: Int
  /// Of the VMSA in the file.
  package var data: Int
  /// Of its header in the file.
  package var offset: Int
}
