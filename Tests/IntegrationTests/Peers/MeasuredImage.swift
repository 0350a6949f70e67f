import Bytes
import Foundation
import TestHarness

/// Firmware images made for a test: random pages, a table, SEV metadata.
struct MeasuredImage {
  struct Section {
    var base: UInt32
    var size: UInt32 = 0x1000
    var type: UInt32
  }

  /// As an AmdSev build of OVMF lists them.
  static let amdSEV: [Section] = [
    Section(base: 0x80_0000, size: 0x9000, type: 1), Section(base: 0x80_A000, size: 0x3000, type: 1),
    Section(base: 0x80_D000, type: 2), Section(base: 0x80_E000, type: 3), Section(base: 0x80_F000, type: 4),
    Section(base: 0x81_0000, type: 0x10), Section(base: 0x81_1000, size: 0xF000, type: 1),
  ]

  var sections = amdSEV
  var pages = 8
  var seed: UInt8 = 1
  /// Where the metadata stands, in bytes from the image's start.
  var place = 0x2200
  var hasMetadata = true
  var resetAddress: UInt32 = 0x80_B004
  /// Base and size of the area for kernel hashes.
  var hashArea: (base: UInt32, size: UInt32)? = (0x81_0C00, 0x400)
  /// Of an SVSM: where it starts in the image.
  var svsmEntry: UInt32?
  /// Added to the size that the table says of itself.
  var excess: UInt16 = 0

  func changing(_ change: (inout MeasuredImage) -> Void) -> MeasuredImage {
    var copy = self
    change(&copy)
    return copy
  }

  var data: Data {
    // Any bytes do; these never repeat within a page.
    var state = UInt32(seed)
    var image = (0..<(pages * 4096)).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
    let size = UInt32(image.count)
    image.replaceSubrange(place..<(place + metadata.count), with: metadata)
    var table: [UInt8] = []
    func add(_ guid: String, _ data: [UInt8]) {
      table += data + UInt16(data.count + 18).littleEndianBytes + (GUID(guid)?.bytes ?? [])
    }
    if hasMetadata {
      add("dc886566-984a-4798-a75e-5585a7bf67cc", (size - UInt32(place)).littleEndianBytes)
    }
    if let svsmEntry { add("a789a612-0597-4c4b-a49f-cbb1fe9d1ddd", svsmEntry.littleEndianBytes) }
    if let hashArea {
      add(
        "7255371f-3a3b-4b04-927b-1da6efa8d454",
        hashArea.base.littleEndianBytes + hashArea.size.littleEndianBytes)
    }
    add("00f771de-1a7e-4fcb-890e-68c77e2fb44e", resetAddress.littleEndianBytes)
    table += (UInt16(table.count + 18) + excess).littleEndianBytes
    table += GUID("96b582de-1fb2-45f7-baea-a366c55a082d")?.bytes ?? []
    let end = image.count - 32
    image.replaceSubrange((end - table.count)..<end, with: table)
    return Data(image)
  }

  private var metadata: [UInt8] {
    var bytes = Array("ASEV".utf8) + UInt32(16 + 12 * sections.count).littleEndianBytes
    bytes += UInt32(1).littleEndianBytes + UInt32(sections.count).littleEndianBytes
    for section in sections {
      bytes += section.base.littleEndianBytes + section.size.littleEndianBytes
      bytes += section.type.littleEndianBytes
    }
    return bytes
  }
}
