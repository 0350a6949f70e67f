package import Bytes

/// Which parts of guest memory a firmware wants prepared before a SEV-SNP guest starts. Stands anywhere in the image; the
/// firmware's table says where. Little-endian. Source: EDK II, OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm.
///
/// | offset | size | field                                                    |
/// |-------:|-----:|----------------------------------------------------------|
/// |   0x00 |    4 | "ASEV"                                                   |
/// |   0x04 |    4 | size in bytes of all that stands here                    |
/// |   0x08 |    4 | version, 1                                               |
/// |   0x0C |    4 | number of sections                                       |
/// |   0x10 |   12 | each section: guest physical address, size in bytes, type |
package struct SEVMetadata: Equatable, Sendable {
  package static let format = "SEV metadata"

  /// Where it starts in the image.
  package let offset: Int
  /// In the order of the table, in which they are measured.
  package let sections: [Section]

  package struct Section: Equatable, Sendable {
    package let kind: Kind
    /// Guest physical address, a page's.
    package let base: UInt32
    /// Bytes: whole pages, at least one.
    package let size: UInt32
    /// Where its entry stands in the image.
    package let offset: Int

    package var pages: ClosedRange<UInt64> { UInt64(base)...UInt64(base) + UInt64(size) - 1 }
  }

  package enum Kind: UInt32, Sendable, CaseIterable {
    case secMemory = 1
    case secrets = 2
    case cpuid = 3
    /// The calling area of an SVSM.
    case svsmCAA = 4
    case kernelHashes = 0x10
  }

  private static let headerSize = 16
  private static let sectionSize = 12
  private static let pageSize: UInt32 = 4096

  /// Reads the metadata that starts at `offset` of an image. Throws for whatever QEMU or the AMD-SP would not launch: more sections
  /// than bytes, an unknown version or type, a section that is no whole pages, wraps or overlaps another one.
  package init(parsing image: [UInt8], at offset: Int) throws(FormatError) {
    guard offset >= 0, offset <= image.count else {
      throw FormatError(Self.format, at: offset, .truncated(wanted: Self.headerSize, left: 0))
    }
    self.offset = offset
    let left = image.count - offset
    guard left >= Self.headerSize else {
      throw FormatError(Self.format, at: offset, .truncated(wanted: Self.headerSize, left: left))
    }
    func word(_ place: Int) -> UInt32 { image.littleEndian32(at: offset + place) }
    guard image[offset..<(offset + 4)].elementsEqual("ASEV".utf8) else {
      throw FormatError(
        Self.format, at: offset,
        .unexpected(field: "signature", found: UInt64(word(0)), expected: "0x56455341 (ASEV)"))
    }
    let size = Int(word(4))
    guard size >= Self.headerSize else {
      throw FormatError(Self.format, at: offset + 4, .invalid(field: "size", reason: "below 16 bytes"))
    }
    guard size <= left else {
      throw FormatError(Self.format, at: offset + 4, .truncated(wanted: size, left: left))
    }
    guard word(8) == 1 else {
      throw FormatError(
        Self.format, at: offset + 8, .unexpected(field: "version", found: UInt64(word(8)), expected: "1"))
    }
    let count = Int(word(12))
    guard count <= (size - Self.headerSize) / Self.sectionSize else {
      throw FormatError(
        Self.format, at: offset + 12,
        .truncated(wanted: Self.headerSize + count * Self.sectionSize, left: size))
    }
    var sections: [Section] = []
    for index in 0..<count {
      sections.append(
        try Self.section(in: image, at: offset + Self.headerSize + index * Self.sectionSize))
    }
    self.sections = sections
    try Self.requireDistinct(sections)
  }

  private static func section(in image: [UInt8], at offset: Int) throws(FormatError) -> Section {
    let (base, size) = (image.littleEndian32(at: offset), image.littleEndian32(at: offset + 4))
    let type = image.littleEndian32(at: offset + 8)
    guard let kind = Kind(rawValue: type) else {
      throw FormatError(
        format, at: offset + 8,
        .unexpected(field: "section type", found: UInt64(type), expected: "1, 2, 3, 4 or 0x10"))
    }
    guard base % pageSize == 0 else {
      throw FormatError(format, at: offset, .invalid(field: "section address", reason: "not a page's"))
    }
    guard size > 0, size % pageSize == 0 else {
      throw FormatError(format, at: offset + 4, .invalid(field: "section size", reason: "not whole pages"))
    }
    // The AMD-SP fills one page; a larger section would be measured otherwise than any tool says.
    guard size == pageSize || ![.secrets, .cpuid].contains(kind) else {
      throw FormatError(
        format, at: offset + 4,
        .unexpected(field: "size of a secrets or CPUID section", found: UInt64(size), expected: "0x1000"))
    }
    guard UInt64(base) + UInt64(size) <= 1 << 32 else {
      throw FormatError(
        format, at: offset + 4, .invalid(field: "section size", reason: "reaches beyond 4 GiB"))
    }
    return Section(kind: kind, base: base, size: size, offset: offset)
  }

  private static func requireDistinct(_ sections: [Section]) throws(FormatError) {
    let sorted = sections.sorted { ($0.base, $0.offset) < ($1.base, $1.offset) }
    for (one, next) in zip(sorted, sorted.dropFirst()) where one.pages.overlaps(next.pages) {
      throw FormatError(
        format, at: max(one.offset, next.offset),
        .invalid(field: "section", reason: "overlaps another one"))
    }
  }
}
