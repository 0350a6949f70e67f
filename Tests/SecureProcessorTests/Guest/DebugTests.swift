import SEV
import SecureProcessor
import Testing

@Suite("Debugging") struct DebugTests {
  @Test func `a guest without NODBG is an open book to its host`() throws {
    var world = World(processor: try Simulation.host(), owner: try Owner())
    for step in Prefix.launching(0).dropFirst(3) { _ = try world.run(step) }
    try world.memory.write(Simulation.bytes(4096), at: 0x1000)
    try world.processor.launchUpdateData(1, address: 0x1000, count: 4096, memory: world.memory)
    try world.processor.debugDecrypt(1, from: 0x1010, to: 0x9000, count: 32, memory: world.memory)
    #expect(try world.memory.read(0x9000, count: 32) == Array(Simulation.bytes(4096)[16..<48]))

    try world.memory.write([UInt8](repeating: 0xEE, count: 16), at: 0x9000)
    try world.processor.debugEncrypt(1, from: 0x9000, to: 0x1020, count: 16, memory: world.memory)
    let guest = try world.processor.guestRead(1, address: 0x1000, count: 64, memory: world.memory)
    var expected = Array(Simulation.bytes(4096)[..<64])
    expected.replaceSubrange(32..<48, with: [UInt8](repeating: 0xEE, count: 16))
    #expect(guest == expected)
  }
}
