import Bytes
import SEV

/// Firmware images that QEMU maps and nobody executes: blank, with a GUIDed table at the end.
enum TestFirmware {
  static let secretArea = FirmwareArea(base: 0x81_0000, size: 0xC00)
  static let hashArea = FirmwareArea(base: 0x81_0C00, size: 0x400)

  /// 64 KiB, the least that QEMU takes for -bios.
  static func image(
    secret: FirmwareArea? = secretArea, hashes: FirmwareArea? = hashArea, reset: UInt32? = 0x80_B004,
    size: Int = 64 << 10
  ) -> [UInt8] {
    var table: [UInt8] = []
    if let secret { table += entry(area(secret), "4c2eb361-7d9b-4cc3-8081-127c90d3d294") }
    if let hashes { table += entry(area(hashes), "7255371f-3a3b-4b04-927b-1da6efa8d454") }
    if let reset { table += entry(reset.littleEndianBytes, "00f771de-1a7e-4fcb-890e-68c77e2fb44e") }
    let total = UInt16(table.count + 18).littleEndianBytes
    table += total + (GUID("96b582de-1fb2-45f7-baea-a366c55a082d")?.bytes ?? [])
    return [UInt8](repeating: 0x90, count: size - 32 - table.count) + table + [UInt8](repeating: 0, count: 32)
  }

  private static func area(_ area: FirmwareArea) -> [UInt8] {
    area.base.littleEndianBytes + area.size.littleEndianBytes
  }

  private static func entry(_ data: [UInt8], _ guid: String) -> [UInt8] {
    data + UInt16(data.count + 18).littleEndianBytes + (GUID(guid)?.bytes ?? [])
  }
}
