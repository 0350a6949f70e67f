import Bytes
import SEV

/// Firmware images as small as they can be: zeros, and the table of the worked example with other values.
enum Firmware {
  /// 4096 bytes with a table that names these areas.
  static func image(
    reset: UInt32? = 0x80B004, hashes: (UInt32, UInt32)? = (0x810C00, 0x400),
    secret: (UInt32, UInt32)? = (0x80D000, 0x1000)
  ) -> [UInt8] {
    var entries: [UInt8] = []
    if let secret {
      entries += entry(secret.0.littleEndianBytes + secret.1.littleEndianBytes, .launchSecretArea)
    }
    if let hashes {
      entries += entry(hashes.0.littleEndianBytes + hashes.1.littleEndianBytes, .kernelHashArea)
    }
    if let reset { entries += entry(reset.littleEndianBytes, .resetBlock) }
    let footer = GUID("96b582de-1fb2-45f7-baea-a366c55a082d").map(\.bytes) ?? []
    let table = entries + UInt16(entries.count + 18).littleEndianBytes + footer
    var image = [UInt8](repeating: 0, count: 4096)
    image.replaceSubrange((4096 - 32 - table.count)..<(4096 - 32), with: table)
    return image
  }

  private static func entry(_ data: [UInt8], _ guid: GUID) -> [UInt8] {
    data + UInt16(data.count + 18).littleEndianBytes + guid.bytes
  }
}
