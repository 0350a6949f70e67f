package import Bytes
package import CVMCrypto

/// The table in which OVMF and Linux expect launch secrets. Little-endian; GUIDs mixed-endian.
/// Source: EDK II, OvmfPkg/AmdSev/SecretDxe; Linux, drivers/virt/coco/efi_secret.
///
/// | offset | size | field                                                             |
/// |-------:|-----:|-------------------------------------------------------------------|
/// |   0x00 |   16 | 1e74f542-71dd-4d66-963e-ef4287ff173b                              |
/// |   0x10 |    4 | size in bytes: this header and all entries, without padding       |
/// |   0x14 |    … | entries: GUID (16), size in bytes with this header (4), data      |
/// |      … |    … | zeros, to a multiple of 16                                        |
package struct SecretTable: Equatable, Sendable {
  package struct Entry: Equatable, Sendable {
    package let guid: GUID
    package let secret: SecretBytes

    package init(guid: GUID, secret: SecretBytes) {
      self.guid = guid
      self.secret = secret
    }
  }

  /// Bytes of the table's header, and of each entry's.
  package static let headerSize = 20
  /// The most that one LAUNCH_SECRET carries. Source: AMD 55766, LAUNCH_SECRET.
  package static let packetLimit = 16 * 1024

  /// The passphrase of a LUKS volume, as grub and initrd scripts look for it.
  package static let luksKey = GUID(constant: "736869e5-84f0-4973-92ec-06879ce3da0b")
  /// Names that stand for a GUID.
  package static let aliases = ["luks-key": luksKey]

  private static let id = GUID(constant: "1e74f542-71dd-4d66-963e-ef4287ff173b")

  package let entries: [Entry]
  /// Bytes of the plaintext with its padding.
  package let size: Int

  /// Throws where there is no secret, an empty one, or two under one GUID.
  package init(_ entries: [Entry]) throws(SecretTableError) {
    guard !entries.isEmpty else { throw .noSecrets }
    var seen: Set<GUID> = []
    for entry in entries {
      guard entry.secret.count > 0 else { throw .emptySecret(entry.guid) }
      guard seen.insert(entry.guid).inserted else { throw .repeated(entry.guid) }
    }
    self.entries = entries
    size = (Self.contentSize(entries) + 15) / 16 * 16
  }

  /// An alias (`luks-key`) or a GUID's text; nil for anything else.
  package static func guid(named name: String) -> GUID? { aliases[name] ?? GUID(name) }

  /// The plaintext of a packet, `size` bytes. Throws where it exceeds `limit`, and where `area` is given
  /// and cannot take it.
  package func plaintext(
    limit: Int = packetLimit, area: FirmwareArea? = nil
  ) throws(SecretTableError) -> SecretBytes {
    guard size <= limit else { throw .tooLarge(needed: size, limit: limit) }
    if let area { try check(area) }
    return serialized()
  }

  private func check(_ area: FirmwareArea) throws(SecretTableError) {
    guard area.isOffered else { throw .noArea }
    guard area.base.isMultiple(of: 16) else { throw .areaMisaligned(area) }
    guard size <= area.size else { throw .areaTooSmall(needed: size, area: area) }
  }

  /// The plaintext, whatever its size.
  package func serialized() -> SecretBytes {
    let content = Self.contentSize(entries)
    var parts = [Self.header(Self.id, content)]
    for entry in entries {
      parts.append(Self.header(entry.guid, Self.headerSize + entry.secret.count))
      parts.append(entry.secret)
    }
    parts.append(SecretBytes(count: size - content))
    return .joined(parts)
  }

  private static func contentSize(_ entries: [Entry]) -> Int {
    entries.reduce(headerSize) { $0 + headerSize + $1.secret.count }
  }

  private static func header(_ guid: GUID, _ size: Int) -> SecretBytes {
    SecretBytes(copying: guid.bytes + UInt32(truncatingIfNeeded: size).littleEndianBytes)
  }
}

extension SecretTable {
  private static let format = "secret table"

  /// Reads a decrypted packet or the guest's secret area. The bytes stay in `SecretBytes` throughout:
  /// this is why no `ByteCursor` is used.
  package init(parsing plaintext: SecretBytes) throws(FormatError) {
    let (guid, total) = try Self.header(of: plaintext, at: 0)
    guard guid == Self.id else {
      throw FormatError(Self.format, at: 0, .invalid(field: "GUID", reason: "not the secret table's"))
    }
    guard total >= Self.headerSize, total <= plaintext.count, plaintext.count.isMultiple(of: 16) else {
      throw FormatError(Self.format, at: 16, .invalid(field: "size", reason: "does not fit the bytes given"))
    }
    entries = try Self.entries(of: plaintext, upTo: total)
    let padding = plaintext.slice(total..<plaintext.count)
    guard padding == SecretBytes(count: plaintext.count - total) else {
      throw FormatError(Self.format, at: total, .notZero(field: "padding"))
    }
    size = plaintext.count
  }

  private static func entries(of plaintext: SecretBytes, upTo end: Int) throws(FormatError) -> [Entry] {
    var entries: [Entry] = []
    var seen: Set<GUID> = []
    var offset = headerSize
    while offset < end {
      let (guid, size) = try header(of: plaintext, at: offset)
      guard size >= headerSize, size <= end - offset,
        let secret = plaintext.slice((offset + headerSize)..<(offset + size))
      else {
        throw FormatError(format, at: offset + 16, .invalid(field: "entry size", reason: "beyond the table"))
      }
      guard seen.insert(guid).inserted else {
        throw FormatError(format, at: offset, .invalid(field: "entry GUID", reason: "stands twice"))
      }
      entries.append(Entry(guid: guid, secret: secret))
      offset += size
    }
    return entries
  }

  private static func header(of plaintext: SecretBytes, at offset: Int) throws(FormatError) -> (GUID, Int) {
    guard let header = plaintext.slice(offset..<(offset + headerSize)) else {
      throw FormatError(
        format, at: offset, .truncated(wanted: headerSize, left: max(0, plaintext.count - offset)))
    }
    let bytes = header.withBytes { unsafe Array($0) }  // GUID and size are no secret
    guard let guid = GUID(mixedEndian: Array(bytes[..<16])) else {
      throw FormatError(format, at: offset, .invalid(field: "GUID", reason: "unreadable"))
    }
    return (guid, Int(bytes.littleEndian32(at: 16)))
  }
}
