import Bytes
import Foundation

/// The smallest firmware that takes launch secrets and kernel hashes: zeros, and the GUIDed table with an area for each.
enum SecretFirmware {
  /// 4096 bytes. The table ends 32 bytes before the end; an entry is its data, its length and its GUID.
  static var image: Data {
    let (secrets, hashes) = (bytes(0x80_D000) + bytes(0x1000), bytes(0x81_0C00) + bytes(0x400))
    let entries =
      secrets + length(secrets) + guid("4c2eb361-7d9b-4cc3-8081-127c90d3d294")
      + hashes + length(hashes) + guid("7255371f-3a3b-4b04-927b-1da6efa8d454")
    let table = entries + length(entries) + guid("96b582de-1fb2-45f7-baea-a366c55a082d")
    return Data(repeating: 0, count: 4096 - 32 - table.count) + Data(table) + Data(repeating: 0, count: 32)
  }

  /// Of an entry with its own length (2 bytes) and GUID (16).
  private static func length(_ data: [UInt8]) -> [UInt8] { [UInt8(data.count + 18), 0] }
  private static func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 0xFF) } }
  private static func guid(_ text: String) -> [UInt8] { GUID(text)?.bytes ?? [] }
}
