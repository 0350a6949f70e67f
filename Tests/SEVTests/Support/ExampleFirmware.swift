import Bytes
import SEV

/// Builds small firmware images with a table, healthy or damaged.
struct FirmwareBuilder {
  static let resetBlock = hex("de71f7007e1acb4f890e68c77e2fb44e")
  static let kernelHashArea = hex("1f3755723b3a044b927b1da6efa8d454")
  static let launchSecretArea = hex("61b32e4c9b7dc34c8081127c90d3d294")
  static let footer = hex("de82b596b21ff745baeaa366c55a082d")

  /// Entries in file order, the last one next to the footer.
  var entries: [(guid: [UInt8], data: [UInt8])] = [
    (launchSecretArea, UInt32(0x80D000).littleEndianBytes + UInt32(0x1000).littleEndianBytes),
    (kernelHashArea, UInt32(0x810C00).littleEndianBytes + UInt32(0x400).littleEndianBytes),
    (resetBlock, UInt32(0x80B004).littleEndianBytes),
  ]
  /// Overrides an entry's own size field, by GUID.
  var sizes: [[UInt8]: UInt16] = [:]
  /// Overrides the footer's size field.
  var total: UInt16?
  var hasFooter = true
  var imageSize = 4096

  func replacing(_ guid: [UInt8], with data: [UInt8]?) -> FirmwareBuilder {
    var copy = self
    copy.entries = entries.compactMap { entry in
      guard entry.guid == guid else { return entry }
      return data.map { (guid, $0) }
    }
    return copy
  }

  func sizing(_ guid: [UInt8], _ size: UInt16) -> FirmwareBuilder {
    var copy = self
    copy.sizes[guid] = size
    return copy
  }

  func totalling(_ total: UInt16) -> FirmwareBuilder {
    var copy = self
    copy.total = total
    return copy
  }

  var bytes: [UInt8] {
    var table: [UInt8] = []
    for (guid, data) in entries {
      table += data + (sizes[guid] ?? UInt16(data.count + 18)).littleEndianBytes + guid
    }
    table += (total ?? UInt16(table.count + 18)).littleEndianBytes
    table += hasFooter ? Self.footer : counting(from: 1, 16)
    return [UInt8](repeating: 0, count: imageSize - 32 - table.count) + table
      + [UInt8](repeating: 0, count: 32)
  }
}

/// The image of the worked digests: zeros and one table of 92 bytes.
let exampleFirmware: [UInt8] = {
  let table = hex(
    """
    00d08000001000001a0061b32e4c9b7dc34c8081127c90d3d294000c8100000400001a001f3755723b3a044b927b1da6efa8d454
    04b080001600de71f7007e1acb4f890e68c77e2fb44e5c00de82b596b21ff745baeaa366c55a082d
    """)
  return [UInt8](repeating: 0, count: 0xFE0 - table.count) + table + [UInt8](repeating: 0, count: 32)
}()
