package import Bytes

/// A guest firmware (OVMF) image and what its table says. Parsing refuses a damaged table; a fact that is
/// missing or unusable is remembered with its reason and refused only by who needs it
/// (`SEVLaunchDigest`).
package struct FirmwareImage: Equatable, Sendable {
  package static let format = "firmware image"

  /// As much of an image's end as its table can reach into.
  package static let tailSize = FirmwareTable.reach

  /// Bytes of the whole image.
  package let size: Int
  /// Where the GUIDed table starts that the image ends with. Without one it is measurable for plain SEV only.
  package let tableOffset: Int?
  /// Where each entry's data stands in the image.
  package let entries: [GUID: Range<Int>]

  /// Reset block: the start address of every vCPU but the first; never 0.
  package let reset: TableFact<UInt32>
  /// Kernel-hash area; never at base 0, never under 176 bytes.
  package let hashes: TableFact<FirmwareArea>
  /// Launch-secret area as the table has it; (0, 0) says that the firmware takes no secret.
  package let secrets: TableFact<FirmwareArea>
  /// Where the SEV metadata starts in the image (`SEVMetadata`).
  package let metadata: TableFact<Int>
  /// Of an SVSM image: where in it every vCPU starts.
  package let svsmEntry: TableFact<UInt32>

  package var hasTable: Bool { tableOffset != nil }
  package var resetAddress: UInt32? { reset.value }
  package var hashArea: FirmwareArea? { hashes.value }
  package var secretArea: FirmwareArea? { secrets.value }

  /// Throws for an empty image and for a table that contradicts itself (`FirmwareTable`).
  package init(parsing bytes: [UInt8]) throws(FormatError) {
    try self.init(tail: bytes, size: bytes.count)
  }

  /// Of an image of `size` bytes that end with `tail`: all of them, or at least `tailSize`.
  package init(tail bytes: [UInt8], size: Int) throws(FormatError) {
    guard !bytes.isEmpty else { throw FormatError(Self.format, at: 0, .truncated(wanted: 1, left: 0)) }
    guard bytes.count <= size, bytes.count == size || bytes.count >= Self.tailSize else {
      throw FormatError(Self.format, at: 0, .truncated(wanted: min(size, Self.tailSize), left: bytes.count))
    }
    let skipped = size - bytes.count
    let table = try FirmwareTable(in: bytes, startingAt: skipped, format: Self.format)
    self.size = size
    tableOffset = table?.offset
    entries = table?.entries ?? [:]
    reset = Self.fact(entries[.resetBlock], of: 4).flatMap { range in
      let address = bytes.littleEndian32(at: range.lowerBound - skipped)
      return address == 0 ? .unusable(.zeroAddress) : .present(address)
    }
    hashes = Self.area(entries[.kernelHashArea], in: bytes, skipped).flatMap { area in
      guard area.base != 0 else { return .unusable(.zeroAddress) }
      return area.size >= UInt32(KernelHashes.size)
        ? .present(area) : .unusable(.areaTooSmall(needed: KernelHashes.size, found: area.size))
    }
    secrets = Self.area(entries[.launchSecretArea], in: bytes, skipped)
    metadata = Self.fact(entries[.sevMetadata], of: 4).flatMap { range in
      let distance = Int(bytes.littleEndian32(at: range.lowerBound - skipped))
      return distance <= size ? .present(size - distance) : .unusable(.outsideImage)
    }
    svsmEntry = Self.fact(entries[.svsmInfo], of: 4).flatMap { range in
      let entry = bytes.littleEndian32(at: range.lowerBound - skipped)
      return Int(entry) < size ? .present(entry) : .unusable(.outsideImage)
    }
  }

  private static func area(
    _ range: Range<Int>?, in bytes: [UInt8], _ skipped: Int
  ) -> TableFact<FirmwareArea> {
    fact(range, of: 8).flatMap { range in
      let base = bytes.littleEndian32(at: range.lowerBound - skipped)
      let size = bytes.littleEndian32(at: range.lowerBound - skipped + 4)
      let fits = UInt64(base) + UInt64(size) <= 1 << 32
      return fits ? .present(FirmwareArea(base: base, size: size)) : .unusable(.areaWraps)
    }
  }

  private static func fact(_ range: Range<Int>?, of size: Int) -> TableFact<Range<Int>> {
    guard let range else { return .absent }
    return range.count == size
      ? .present(range) : .unusable(.wrongSize(expected: size, found: range.count))
  }
}

/// A part of guest memory that the firmware sets aside.
package struct FirmwareArea: Hashable, Sendable {
  /// Guest physical address.
  package let base: UInt32
  /// Bytes.
  package let size: UInt32

  package init(base: UInt32, size: UInt32) {
    self.base = base
    self.size = size
  }

  /// (0, 0): the firmware knows the entry, but offers no area.
  package var isOffered: Bool { base != 0 && size != 0 }
}

/// What a firmware table says on one matter.
package enum TableFact<Value: Equatable & Sendable>: Equatable, Sendable {
  case absent
  case unusable(TableDefect)
  case present(Value)

  package var value: Value? {
    guard case .present(let value) = self else { return nil }
    return value
  }

  func flatMap<Other>(_ transform: (Value) -> TableFact<Other>) -> TableFact<Other> {
    switch self {
    case .absent: .absent
    case .unusable(let defect): .unusable(defect)
    case .present(let value): transform(value)
    }
  }
}

/// Why an entry of a firmware table cannot be used.
package enum TableDefect: Equatable, Sendable {
  case wrongSize(expected: Int, found: Int)
  case zeroAddress
  case areaTooSmall(needed: Int, found: UInt32)
  /// Base plus size is beyond 4 GiB.
  case areaWraps
  /// It names a place that the image does not have.
  case outsideImage

  package var summary: String {
    switch self {
    case .wrongSize(let expected, let found): "its entry has \(found) bytes, not \(expected)"
    case .zeroAddress: "its address is 0"
    case .areaTooSmall(let needed, let found): "its area has \(found) bytes, \(needed) are needed"
    case .areaWraps: "its area reaches beyond 4 GiB"
    case .outsideImage: "it points outside the image"
    }
  }
}

extension [UInt8] {
  /// A little-endian number; the caller has checked the bounds.
  func littleEndian32(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << UInt32(8 * $1) }
  }
}
