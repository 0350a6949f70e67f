import Bytes

/// Worked example of a firmware image: 4096 bytes, zero but for a 92-byte table that ends at 0xFE0 and names
/// the secret area 0x80D000+0x1000, the hash area 0x810C00+0x400 and the reset address 0x80B004.
enum Firmware {
  static let table = Hex.decode(
    """
    00d08000001000001a0061b32e4c9b7dc34c8081127c90d3d294000c8100000400001a001f3755723b3a044b927b1da6efa8d454\
    04b080001600de71f7007e1acb4f890e68c77e2fb44e5c00de82b596b21ff745baeaa366c55a082d
    """)

  static let example: [UInt8] = {
    let table = Self.table ?? []
    var image = [UInt8](repeating: 0, count: 4096)
    image.replaceSubrange((0xFE0 - table.count)..<0xFE0, with: table)
    return image
  }()
}
