import Bytes
import CVMCore
import SimulatedBackend

/// A mapped range of a simulated guest.
struct MemoryRangeView: Renderable {
  let address: String
  let size: Int
  let content: String
  let simulated = true

  init(_ range: MemoryRange) {
    address = "0x" + String(range.address, radix: 16)
    size = range.count
    content = range.kind.rawValue
  }

  static let columns: [Column<MemoryRangeView>] = [
    Column("ADDRESS") { $0.address },
    Column("SIZE") { String($0.size) },
    Column("CONTENT") { $0.content },
  ]
}

/// Bytes of a simulated guest's memory as one side sees them.
struct MemoryView: Encodable {
  let guest: String
  let view: String
  let address: String
  let bytes: String
  let simulated = true

  init(guest: String, view: String, address: UInt64, bytes: [UInt8]) {
    self.guest = guest
    self.view = view
    self.address = "0x" + String(address, radix: 16)
    self.bytes = Hex.encode(bytes)
  }
}

/// Sixteen bytes a line: address, hexadecimal, printable characters.
enum HexDump {
  static func text(_ bytes: [UInt8], from start: UInt64) -> String {
    stride(from: 0, to: bytes.count, by: 16).map { offset in
      let line = Array(bytes[offset..<min(offset + 16, bytes.count)])
      let address = String(start &+ UInt64(offset), radix: 16)
      let digits = line.map { Hex.encode([$0]) }.joined(separator: " ")
      let printable = line.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "." }.joined()
      return String(repeating: "0", count: max(0, 8 - address.count)) + address + "  " + digits
        + String(repeating: " ", count: 48 - digits.count) + " " + printable + "\n"
    }.joined()
  }
}
