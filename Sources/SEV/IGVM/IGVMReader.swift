internal import Bytes

/// Reads the variable headers of an IGVM file front to back.
struct IGVMReader {
  /// Where the headers end.
  let end: Int
  /// Where the data lies, which offsets must point into.
  let data: Range<Int>
  /// Of SEV-SNP; 0 until it is known.
  private var mask: UInt32 = 0
  private var section: ClosedRange<UInt32> = IGVMHeader.platforms
  private var areas: [UInt32: Area] = [:]
  private var pages = 0
  /// Something was loaded other than parameters.
  private var hasPages = false

  private struct Area {
    let pages: Int
    var isInserted = false
  }

  init(end: Int, data: Range<Int>) {
    self.end = end
    self.data = data
  }

  mutating func read(_ cursor: inout ByteCursor, into file: inout IGVMFile) throws(FormatError) {
    while cursor.offset < end {
      let header = try IGVMHeader(&cursor, end: end)
      try enter(header, cursor)
      try content(header, &cursor, &file)
      try header.finish(&cursor, end: end)
    }
    guard mask != 0 else {
      throw FormatError(
        cursor.format, at: end, .invalid(field: "SUPPORTED_PLATFORM", reason: "none for SEV-SNP"))
    }
  }

  /// Platforms, then initialisation, then directives: never back.
  private mutating func enter(_ header: IGVMHeader, _ cursor: ByteCursor) throws(FormatError) {
    let sections = [IGVMHeader.platforms, IGVMHeader.initializations, IGVMHeader.directives]
    guard let found = sections.first(where: { $0.contains(header.type) }) else {
      return  // no section's: `content` refuses it, or passes over it
    }
    guard found.lowerBound >= section.lowerBound else {
      throw FormatError(
        cursor.format, at: header.offset, .invalid(field: "type", reason: "of a section that is over"))
    }
    section = found
  }

  private mutating func content(
    _ header: IGVMHeader, _ cursor: inout ByteCursor, _ file: inout IGVMFile
  ) throws(FormatError) {
    switch header.type {
    case 0x001: try platform(header, &cursor)
    case 0x101: try policy(header, &cursor, &file)
    case 0x102, 0x103:
      throw FormatError(
        cursor.format, at: header.offset, .invalid(field: "type", reason: "relocation is not supported"))
    case 0x301: try area(header, &cursor)
    case 0x302: try page(header, &cursor, &file)
    case 0x303: try insert(header, &cursor, &file)
    case 0x304: try context(header, &cursor, &file)
    case 0x305: try range(header, &cursor, size: 24)
    case 0x307...0x30A, 0x30C, 0x30E...0x310, 0x312, 0x313: try parameter(header, &cursor)
    case 0x30B: try idBlock(header, &cursor, &file)
    case 0x30D: try range(header, &cursor, size: 16)
    default:
      guard header.isOptional else {
        throw FormatError(
          cursor.format, at: header.offset,
          .unexpected(field: "type", found: UInt64(header.type), expected: "a known header"))
      }
      try cursor.skip(header.length)
    }
  }

  // MARK: Platform and initialisation

  private mutating func platform(_ header: IGVMHeader, _ cursor: inout ByteCursor) throws(FormatError) {
    try header.require(16, cursor)
    let start = cursor.offset
    let mask: UInt32 = try cursor.littleEndian()
    guard mask.nonzeroBitCount == 1 else {
      throw FormatError(
        cursor.format, at: start, .invalid(field: "compatibility mask", reason: "not exactly one bit"))
    }
    try cursor.skip(1)
    let type: UInt8 = try cursor.littleEndian()
    try cursor.skip(10)
    guard type == 2 else { return }
    guard self.mask == 0 else {
      throw FormatError(
        cursor.format, at: header.offset,
        .invalid(field: "SUPPORTED_PLATFORM", reason: "SEV-SNP a second time"))
    }
    self.mask = mask
  }

  private func policy(
    _ header: IGVMHeader, _ cursor: inout ByteCursor, _ file: inout IGVMFile
  ) throws(FormatError) {
    try header.require(16, cursor)
    let policy: UInt64 = try cursor.littleEndian()
    let applies = try applies(&cursor)
    try cursor.zeros(4, field: "reserved")
    guard applies else { return }
    guard file.policy == nil else {
      throw FormatError(
        cursor.format, at: header.offset, .invalid(field: "GUEST_POLICY", reason: "a second one"))
    }
    file.policy = SNPPolicy(rawValue: policy)
  }

  // MARK: Directives

  private mutating func page(
    _ header: IGVMHeader, _ cursor: inout ByteCursor, _ file: inout IGVMFile
  ) throws(FormatError) {
    try header.require(24, cursor)
    let start = cursor.offset
    let gpa: UInt64 = try cursor.littleEndian()
    let applies = try applies(&cursor)
    let offset: UInt32 = try cursor.littleEndian()
    let flags = try PageFlags(&cursor)
    let kind = try PageKind(&cursor)
    try cursor.zeros(2, field: "reserved")
    guard applies, !flags.isShared else { return }
    guard !flags.isLarge || (kind == .normal && gpa % UInt64(flags.pages * SNPDigest.pageSize) == 0) else {
      throw FormatError(cursor.format, at: start, .invalid(field: "gpa", reason: "no page of 2 MiB"))
    }
    let content: IGVMRegion.Content =
      switch kind {
      case .secrets: .secrets
      case .cpuid: .cpuid
      case .normal where flags.isUnmeasured: .unmeasured
      case .normal: offset == 0 ? .empty : .data(Int(offset))
      }
    if offset != 0 {
      try requireData(offset, count: flags.pages * SNPDigest.pageSize, at: start + 12, cursor)
    }
    try add(IGVMRegion(content: content, gpa: gpa, pages: flags.pages, offset: header.offset), start, &file)
    hasPages = true
  }

  private mutating func area(_ header: IGVMHeader, _ cursor: inout ByteCursor) throws(FormatError) {
    try header.require(16, cursor)
    let start = cursor.offset
    let (count, index): (UInt64, UInt32) = (try cursor.littleEndian(), try cursor.littleEndian())
    let offset: UInt32 = try cursor.littleEndian()
    guard count > 0, count % UInt64(SNPDigest.pageSize) == 0 else {
      throw FormatError(
        cursor.format, at: start, .invalid(field: "number_of_bytes", reason: "not whole pages"))
    }
    guard count <= IGVMFile.areaLimit else {
      throw FormatError(
        cursor.format, at: start, .invalid(field: "number_of_bytes", reason: "more than 16 MiB"))
    }
    guard areas[index] == nil else {
      throw FormatError(
        cursor.format, at: start + 8, .invalid(field: "parameter_area_index", reason: "taken already"))
    }
    if offset != 0 { try requireData(offset, count: Int(count), at: start + 12, cursor) }
    areas[index] = Area(pages: Int(count) / SNPDigest.pageSize)
  }

  private func parameter(_ header: IGVMHeader, _ cursor: inout ByteCursor) throws(FormatError) {
    try header.require(8, cursor)
    let (_, area) = try self.area(&cursor)
    let start = cursor.offset
    let offset: UInt32 = try cursor.littleEndian()
    guard Int(offset) < area.pages * SNPDigest.pageSize else {
      throw FormatError(
        cursor.format, at: start, .invalid(field: "byte_offset", reason: "outside of the parameter area"))
    }
  }

  private mutating func insert(
    _ header: IGVMHeader, _ cursor: inout ByteCursor, _ file: inout IGVMFile
  ) throws(FormatError) {
    try header.require(16, cursor)
    let start = cursor.offset
    let gpa: UInt64 = try cursor.littleEndian()
    let applies = try applies(&cursor)
    let (index, area) = try self.area(&cursor)
    guard applies else { return }
    areas[index]?.isInserted = true
    if hasPages, file.lateInsert == nil { file.lateInsert = header.offset }
    let region = IGVMRegion(content: .parameters, gpa: gpa, pages: area.pages, offset: header.offset)
    try add(region, start, &file)
  }

  private func context(
    _ header: IGVMHeader, _ cursor: inout ByteCursor, _ file: inout IGVMFile
  ) throws(FormatError) {
    try header.require(20, cursor)
    let start = cursor.offset
    let gpa: UInt64 = try cursor.littleEndian()
    let applies = try applies(&cursor)
    let offset: UInt32 = try cursor.littleEndian()
    let vcpu: UInt16 = try cursor.littleEndian()
    try cursor.zeros(2, field: "reserved")
    guard applies else { return }
    try requireData(offset, count: VMSA.size, at: start + 12, cursor)
    guard gpa == SNPDigest.vmsaAddress else {
      throw FormatError(
        cursor.format, at: start,
        .unexpected(field: "gpa", found: gpa, expected: "0xfffffffff000, where KVM measures register states"))
    }
    file.contexts.append(IGVMContext(vcpu: Int(vcpu), data: Int(offset), offset: header.offset))
  }

  private func range(_ header: IGVMHeader, _ cursor: inout ByteCursor, size: Int) throws(FormatError) {
    try header.require(size, cursor)
    let start = cursor.offset
    let gpa: UInt64 = try cursor.littleEndian()
    try cursor.skip(4)
    let count: UInt32 = try cursor.littleEndian()
    guard gpa % UInt64(SNPDigest.pageSize) == 0, count % UInt32(SNPDigest.pageSize) == 0 else {
      throw FormatError(cursor.format, at: start, .invalid(field: "gpa", reason: "not whole pages"))
    }
    try cursor.skip(size - 16)
  }

  private func idBlock(
    _ header: IGVMHeader, _ cursor: inout ByteCursor, _ file: inout IGVMFile
  ) throws(FormatError) {
    try header.require(IGVMIDBlock.size, cursor)
    guard try applies(&cursor) else { return try cursor.skip(IGVMIDBlock.size - 4) }
    guard file.idBlock == nil else {
      throw FormatError(
        cursor.format, at: header.offset, .invalid(field: "SNP_ID_BLOCK", reason: "a second one"))
    }
    file.idBlock = try IGVMIDBlock(&cursor)
  }

  // MARK: What they share

  /// Reads a compatibility mask.
  private func applies(_ cursor: inout ByteCursor) throws(FormatError) -> Bool {
    let mask: UInt32 = try cursor.littleEndian()
    return mask & self.mask != 0
  }

  /// Reads the index of an area that is there and was not inserted yet.
  private func area(_ cursor: inout ByteCursor) throws(FormatError) -> (index: UInt32, area: Area) {
    let start = cursor.offset
    let index: UInt32 = try cursor.littleEndian()
    guard let area = areas[index], !area.isInserted else {
      throw FormatError(
        cursor.format, at: start,
        .invalid(field: "parameter_area_index", reason: "no such area, or inserted already"))
    }
    return (index, area)
  }

  private func requireData(
    _ offset: UInt32, count: Int, at place: Int, _ cursor: ByteCursor
  ) throws(FormatError) {
    guard data.contains(Int(offset)), count <= data.upperBound - Int(offset) else {
      throw FormatError(
        cursor.format, at: place, .invalid(field: "file_offset", reason: "not within the file's data"))
    }
  }

  private mutating func add(_ region: IGVMRegion, _ place: Int, _ file: inout IGVMFile) throws(FormatError) {
    guard file.contexts.isEmpty else {
      throw FormatError(
        "IGVM file", at: region.offset,
        .invalid(field: "type", reason: "a page after a register state: KVM measures it before"))
    }
    // The address space of the encrypted guest ends at 2^52, as AMD64's physical addresses do.
    guard region.gpa % UInt64(SNPDigest.pageSize) == 0, region.gpa < 1 << 52,
      region.size <= 1 << 52 - region.gpa
    else {
      throw FormatError("IGVM file", at: place, .invalid(field: "gpa", reason: "no page's address"))
    }
    pages += region.pages
    guard pages <= IGVMFile.pageLimit else {
      throw FormatError("IGVM file", at: region.offset, .invalid(field: "pages", reason: "more than 1 GiB"))
    }
    if let last = file.regions.indices.last, file.regions[last].isContinued(by: region) {
      file.regions[last].pages += region.pages
    } else {
      file.regions.append(region)
    }
  }
}

/// Flags of PAGE_DATA: bit 0 a page of 2 MiB, bit 1 not measured, bit 2 shared with the host.
private struct PageFlags {
  let isLarge: Bool
  let isUnmeasured: Bool
  let isShared: Bool

  var pages: Int { isLarge ? 512 : 1 }

  init(_ cursor: inout ByteCursor) throws(FormatError) {
    let start = cursor.offset
    let flags: UInt32 = try cursor.littleEndian()
    guard flags < 8 else {
      throw FormatError(cursor.format, at: start, .notZero(field: "reserved flags"))
    }
    isLarge = flags & 1 != 0
    isUnmeasured = flags & 2 != 0
    isShared = flags & 4 != 0
  }
}

/// What a page of PAGE_DATA is for.
private enum PageKind {
  case normal, secrets, cpuid

  init(_ cursor: inout ByteCursor) throws(FormatError) {
    let start = cursor.offset
    let type: UInt16 = try cursor.littleEndian()
    switch type {
    case 0: self = .normal
    case 1: self = .secrets
    case 2, 3: self = .cpuid
    default:
      throw FormatError(
        cursor.format, at: start, .unexpected(field: "data_type", found: UInt64(type), expected: "0 to 3"))
    }
  }
}
