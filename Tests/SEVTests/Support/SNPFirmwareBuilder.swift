import Bytes
import SEV

/// Builds small firmware images with SEV metadata, healthy or damaged.
struct SNPFirmwareBuilder {
  static let metadataGUID = hex("666588dc4a989847a75e5585a7bf67cc")
  static let svsmGUID = hex("12a689a797054b4ca49fcbb1fe9d1ddd")

  struct Section {
    var base: UInt32
    var size: UInt32
    var type: UInt32
  }

  /// As an AmdSev build lists them.
  static let sections = [
    Section(base: 0x80_0000, size: 0x9000, type: 1), Section(base: 0x80_A000, size: 0x3000, type: 1),
    Section(base: 0x80_D000, size: 0x1000, type: 2), Section(base: 0x80_E000, size: 0x1000, type: 3),
    Section(base: 0x80_F000, size: 0x1000, type: 4), Section(base: 0x81_1000, size: 0x2000, type: 1),
    Section(base: 0x81_0000, size: 0x1000, type: 0x10),
  ]

  var sections = Self.sections
  var table = FirmwareBuilder()
  /// Where the metadata stands in the image.
  var place = 0x100
  /// Overrides what the table's entry holds.
  var entry: [UInt8]?
  var hasEntry = true
  var signature = Array("ASEV".utf8)
  var version: UInt32 = 1
  /// Overrides the metadata's own size and count.
  var size: UInt32?
  var count: UInt32?
  /// Of an SVSM image: where it starts.
  var svsmEntry: [UInt8]?

  func changing(_ change: (inout SNPFirmwareBuilder) -> Void) -> SNPFirmwareBuilder {
    var copy = self
    change(&copy)
    return copy
  }

  var bytes: [UInt8] {
    var metadata = signature + (size ?? UInt32(16 + 12 * sections.count)).littleEndianBytes
    metadata += version.littleEndianBytes + (count ?? UInt32(sections.count)).littleEndianBytes
    for section in sections {
      metadata += section.base.littleEndianBytes + section.size.littleEndianBytes
      metadata += section.type.littleEndianBytes
    }
    var table = table
    if hasEntry {
      let distance = UInt32(table.imageSize - place)
      table.entries.insert((Self.metadataGUID, entry ?? distance.littleEndianBytes), at: 0)
    }
    if let svsmEntry { table.entries.insert((Self.svsmGUID, svsmEntry), at: 0) }
    var image = table.bytes
    let end = min(image.count, place + metadata.count)
    image.replaceSubrange(place..<end, with: metadata.prefix(end - place))
    return image
  }
}
