import Bytes
import Foundation
import TestHarness

/// Firmware images of one page: zeros, and a table that names these areas.
struct SmallFirmware {
  var reset: UInt32? = 0x80B004
  var hashes: (base: UInt32, size: UInt32)? = (0x810C00, 0x400)
  var secret: (base: UInt32, size: UInt32)? = (0x80D000, 0x1000)
  var hasFooter = true
  /// Makes images differ.
  var filler: UInt8 = 0

  /// With its defaults the image of the worked digests.
  var data: Data {
    var entries: [UInt8] = []
    if let secret { entries += entry([secret.base, secret.size], "4c2eb361-7d9b-4cc3-8081-127c90d3d294") }
    if let hashes { entries += entry([hashes.base, hashes.size], "7255371f-3a3b-4b04-927b-1da6efa8d454") }
    if let reset { entries += entry([reset], "00f771de-1a7e-4fcb-890e-68c77e2fb44e") }
    var table = entries + UInt16(entries.count + 18).littleEndianBytes
    table += guid("96b582de-1fb2-45f7-baea-a366c55a082d")
    var image = [UInt8](repeating: filler, count: 4096)
    if hasFooter { image.replaceSubrange((4064 - table.count)..<4064, with: table) }
    return Data(image)
  }

  private func entry(_ words: [UInt32], _ name: String) -> [UInt8] {
    let data = words.flatMap(\.littleEndianBytes)
    return data + UInt16(data.count + 18).littleEndianBytes + guid(name)
  }

  private func guid(_ text: String) -> [UInt8] { GUID(text)?.bytes ?? [] }
}

extension Sandbox {
  /// Writes a small firmware image; returns its path.
  func firmware(_ image: SmallFirmware = SmallFirmware(), as name: String = "ex.fd") throws -> String {
    try directory.write(image.data, to: name)
  }
}
