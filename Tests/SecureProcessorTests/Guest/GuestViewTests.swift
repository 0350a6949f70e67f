import SEV
import SecureProcessor
import Testing

@Suite("The guest's view") struct GuestViewTests {
  private func world() throws -> World {
    var world = World(processor: try Simulation.host(), owner: try Owner())
    for step in Prefix.launching().dropFirst(3) { _ = try world.run(step) }
    return world
  }

  @Test(arguments: [(0, 1), (3, 5), (15, 2), (0xFF8, 16), (100, 5000), (7, 0)])
  func `reads and writes any range`(_ range: (offset: Int, count: Int)) throws {
    let world = try world()
    let address = 0x4000 + UInt64(range.offset)
    try world.processor.guestWrite(Simulation.bytes(8192), 1, address: 0x4000, memory: world.memory)
    let fresh = Simulation.bytes(range.count, seed: 77)
    try world.processor.guestWrite(fresh, 1, address: address, memory: world.memory)
    var expected = Simulation.bytes(8192)
    expected.replaceSubrange(range.offset..<(range.offset + range.count), with: fresh)
    #expect(try world.processor.guestRead(1, address: 0x4000, count: 8192, memory: world.memory) == expected)
    #expect(
      try world.processor.guestRead(1, address: address, count: range.count, memory: world.memory) == fresh)
  }

  @Test func `needs an active guest and memory`() throws {
    var world = try world()
    #expect(throws: CommandFailure(.invalidAddress)) {
      try world.processor.guestRead(1, address: UInt64.max, count: 16, memory: world.memory)
    }
    #expect(throws: CommandFailure(.invalidAddress)) {
      try world.processor.guestRead(1, address: 0, count: -1, memory: world.memory)
    }
    #expect(throws: CommandFailure(.invalidAddress)) {
      try world.processor.guestRead(1, address: 1 << 24, count: 1, memory: world.memory)
    }
    try world.processor.deactivate(1)
    #expect(throws: CommandFailure(.inactive)) {
      try world.processor.guestRead(1, address: 0, count: 16, memory: world.memory)
    }
  }
}
