import Bytes

/// Firmware images of one page: zeros, and a table of the areas that are named.
enum Firmware {
  typealias Area = (base: UInt32, size: UInt32)

  static func image(
    reset: UInt32? = 0x80B004, hashes: Area? = (0x810C00, 0x400), secret: Area? = (0x80D000, 0x1000)
  ) -> [UInt8] {
    var table: [UInt8] = []
    func add(_ data: [UInt8], _ guid: String) {
      table += data + UInt16(data.count + 18).littleEndianBytes + (GUID(guid)?.bytes ?? [])
    }
    if let secret {
      add(
        secret.base.littleEndianBytes + secret.size.littleEndianBytes, "4c2eb361-7d9b-4cc3-8081-127c90d3d294")
    }
    if let hashes {
      add(
        hashes.base.littleEndianBytes + hashes.size.littleEndianBytes, "7255371f-3a3b-4b04-927b-1da6efa8d454")
    }
    if let reset { add(reset.littleEndianBytes, "00f771de-1a7e-4fcb-890e-68c77e2fb44e") }
    table += UInt16(table.count + 18).littleEndianBytes
    table += GUID("96b582de-1fb2-45f7-baea-a366c55a082d")?.bytes ?? []
    return [UInt8](repeating: 0, count: 4096 - 32 - table.count) + table + [UInt8](repeating: 0, count: 32)
  }
}
