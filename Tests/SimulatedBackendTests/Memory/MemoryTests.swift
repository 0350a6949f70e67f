import CVMCore
import SEV
import Testing

@testable import SimulatedBackend

@Suite("Memory of a simulated guest") struct MemoryTests {
  @Test(
    arguments: [
      (256 << 20, 256 << 20, 1 << 32), (0xB000_0000, 0xB000_0000, 1 << 32),
      (0xB000_1000, 1 << 31, (1 << 32) + 0x3000_1000), (8 << 30, 1 << 31, (1 << 32) + (6 << 30)),
      (1, 1, 1 << 32),
    ] as [(UInt64, UInt64, UInt64)])
  func `RAM lies as on QEMU's q35`(_ row: (size: UInt64, low: UInt64, end: UInt64)) throws {
    let ram = try #require(GuestRAM(size: row.size))
    #expect(ram.low == row.low && ram.low + ram.high == row.size && ram.end == row.end)
    #expect(ram.contains(0, count: 1) && !ram.contains(row.low, count: 1))
    #expect(ram.contains(row.low - 1, count: 1) && !ram.contains(row.low - 1, count: 2))
    #expect(!ram.contains(0, count: -1) && !ram.contains(UInt64.max, count: 16))
  }

  @Test(arguments: [1 << 40, UInt64.max]) func `no guest is larger than its slot`(_ size: UInt64) {
    #expect(GuestRAM(size: size) == nil)
  }

  @Test(arguments: [
    MemoryRange.Kind.firmware, .kernelHashes, .secret, .vmsa(0), .vmsa(511),
  ]) func `kinds of ranges have a name each`(_ kind: MemoryRange.Kind) {
    #expect(MemoryRange.Kind(rawValue: kind.rawValue) == kind)
  }

  @Test(arguments: ["", "vmsa-", "vmsa-x", "ram"]) func `other names are no kind`(_ name: String) {
    #expect(MemoryRange.Kind(rawValue: name) == nil)
  }

  @Test func `ranges that are not there, guests that have none`() throws {
    let host = try Host()
    let backend = try host.backend()
    let document = Document().with(firmware: try host.file("fw", Firmware.image()))
    let uuid = try backend.launch(document)
    for view in MemoryView.allCases {
      for (address, count) in [(1 << 32, 1), (UInt64.max, 16), (0, -1), (0, 1 << 25), (1 << 40, 1)]
        as [(UInt64, Int)]
      {
        #expect(throws: BackendError.self, "\(view) \(address)") {
          try backend.memory(of: uuid, view: view, address: address, count: count)
        }
      }
      #expect(try backend.memory(of: uuid, view: view, address: 3, count: 0) == [])
    }
    var plain = Document(name: "plain", uuid: "8f0752f4-4131-437c-b071-000000000002", security: nil)
    plain.loader = ""
    let other = try backend.define(xml: plain()).uuid
    #expect(throws: BackendError.notRunning) { try backend.memoryRanges(of: other) }
    try backend.start(other, paused: true)
    #expect(throws: BackendError.self) { try backend.memoryRanges(of: other) }
  }
}
