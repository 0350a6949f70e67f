import Bytes
import CVMCrypto
import SEV

/// The file `platform`: the AMD-SP's state but for the guests' contexts. Little-endian.
///
/// | size     | field                                                                                     |
/// |---------:|-------------------------------------------------------------------------------------------|
/// |        1 | bit 0 initialised, 1 SEV-ES, 2 owned externally, 3 caches written back, 4 keys present    |
/// | 3 × 2084 | OCA, PEK, PDH, with bit 4                                                                 |
/// |        4 | A, the number of ASIDs                                                                    |
/// |  ⌈A / 8⌉ | dirty ASIDs, ASID 1 in bit 0 of the first byte                                            |
/// |        2 | G, the number of guests                                                                   |
/// |   G × 25 | handle 4, ASID 4 (0: none), bit 0 owned by a process 1, context id 16; handles ascending  |
///
/// Secret part, with bit 4: scalars of PEK and PDH, 48 bytes each.
enum PlatformRecord {
  static func envelope(_ processor: SecureProcessor) -> StateEnvelope {
    let platform = processor.platform
    var writer = ByteWriter()
    writer.append([flags(platform)])
    if let keys = platform.keys {
      writer.append(keys.oca)
      writer.append(keys.pek)
      writer.append(keys.pdh)
    }
    let dirty = platform.asids.dirty
    writer.littleEndian(UInt32(dirty.count))
    writer.append(packed(dirty))
    writer.littleEndian(UInt16(processor.guests.count))
    writer.append(guestTable(processor.guests))
    let secret = platform.keys.map { SecretBytes.joined([$0.pekScalar, $0.pdhScalar]) }
    return StateEnvelope(open: writer.bytes, secret: secret ?? SecretBytes(count: 0))
  }

  static func parse(
    _ envelope: StateEnvelope, _ model: ProcessorModel, _ chip: ChipIdentity, file: String
  ) throws(PlatformError) -> SecureProcessor {
    let (platform, guests) = try parsed(file) { () throws(FormatError) in try read(envelope) }
    let assigned = guests.values.compactMap(\.asid)
    guard platform.asids.dirty.count == Int(model.maxASID), Set(assigned).count == assigned.count,
      assigned.allSatisfy(platform.asids.contains), guests.isEmpty || platform.isInitialized,
      platform.keys != nil || !platform.isInitialized
    else { throw .corrupt(file: file, reason: "impossible state") }
    return SecureProcessor(model: model, chip: chip, platform: platform, guests: guests)
  }

  /// Whether two records differ in nothing but ASIDs and guests.
  static func isOfSamePlatform(_ record: [UInt8], _ other: [UInt8]) -> Bool {
    let size = 1 + 3 * SEVCertificate.size
    return record.prefix(size) == other.prefix(size)
  }

  private static func flags(_ platform: Platform) -> UInt8 {
    let bits = [
      platform.isInitialized, platform.isES, platform.isOwnedExternally, platform.cachesAreWrittenBack,
      platform.keys != nil,
    ]
    return bits.enumerated().reduce(0) { $0 | ($1.element ? 1 << UInt8($1.offset) : 0) }
  }

  private static func read(
    _ envelope: StateEnvelope
  ) throws(FormatError) -> (Platform, [GuestHandle: GuestSlot]) {
    var cursor = ByteCursor(envelope.open, format: "platform")
    let flags: UInt8 = try cursor.littleEndian()
    let keys = try flags & 16 != 0 ? readKeys(&cursor, envelope.secret) : nil
    let count: UInt32 = try cursor.littleEndian()
    guard count <= ASIDTable.limit else {
      throw FormatError("platform", at: cursor.offset, .invalid(field: "ASIDs", reason: "too many"))
    }
    let bits = try cursor.array((Int(count) + 7) / 8)
    var platform = Platform(asidCount: 0)
    platform.isInitialized = flags & 1 != 0
    platform.isES = flags & 2 != 0
    platform.isOwnedExternally = flags & 4 != 0
    platform.cachesAreWrittenBack = flags & 8 != 0
    platform.keys = keys
    platform.asids = ASIDTable(dirty: (0..<Int(count)).map { bits[$0 / 8] & 1 << UInt8($0 % 8) != 0 })
    let guests = try readGuests(&cursor)
    try cursor.finish()
    return (platform, guests)
  }

  private static func readKeys(
    _ cursor: inout ByteCursor, _ secret: SecretBytes
  ) throws(FormatError) -> PlatformKeys {
    let size = P384.size
    guard secret.count == 2 * size, let pek = secret.slice(0..<size), let pdh = secret.slice(size..<2 * size)
    else { throw FormatError("platform", at: 0, .invalid(field: "keys", reason: "wrong size")) }
    let certificate = ChipIdentity.certificateSize
    return PlatformKeys(
      oca: try cursor.array(certificate), pek: try cursor.array(certificate), pekScalar: pek,
      pdh: try cursor.array(certificate), pdhScalar: pdh)
  }

  private static let entrySize = 25

  /// Byte by byte: with a thousand guests this table is most of what a transaction reads and writes.
  private static func guestTable(_ guests: [GuestHandle: GuestSlot]) -> [UInt8] {
    var table: [UInt8] = []
    table.reserveCapacity(guests.count * entrySize)
    for handle in guests.keys.sorted() {
      guard let slot = guests[handle] else { continue }
      for number in [handle, slot.asid ?? 0] {
        table.append(UInt8(truncatingIfNeeded: number))
        table.append(UInt8(truncatingIfNeeded: number >> 8))
        table.append(UInt8(truncatingIfNeeded: number >> 16))
        table.append(UInt8(truncatingIfNeeded: number >> 24))
      }
      table.append(slot.isOwned ? 1 : 0)
      table += slot.contextID
    }
    return table
  }

  private static func readGuests(
    _ cursor: inout ByteCursor
  ) throws(FormatError) -> [GuestHandle: GuestSlot] {
    let count: UInt16 = try cursor.littleEndian()
    let start = cursor.offset
    let table = try cursor.array(Int(count) * entrySize)
    var guests: [GuestHandle: GuestSlot] = [:]
    guests.reserveCapacity(Int(count))
    var last: GuestHandle = 0
    for entry in stride(from: 0, to: table.count, by: entrySize) {
      let handle = number(table, entry)
      guard handle > last, SecureProcessor.handles.contains(handle) else {
        throw FormatError(
          "platform", at: start + entry, .invalid(field: "handle", reason: "out of order or range"))
      }
      last = handle
      let asid = number(table, entry + 4)
      guests[handle] = GuestSlot(
        contextID: Array(table[(entry + 9)..<(entry + entrySize)]), asid: asid == 0 ? nil : asid,
        isOwned: table[entry + 8] & 1 != 0)
    }
    return guests
  }

  /// The caller has the table whole.
  private static func number(_ table: [UInt8], _ offset: Int) -> UInt32 {
    UInt32(table[offset]) | UInt32(table[offset + 1]) << 8 | UInt32(table[offset + 2]) << 16
      | UInt32(table[offset + 3]) << 24
  }

  private static func packed(_ bits: [Bool]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
    for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
    return bytes
  }
}
