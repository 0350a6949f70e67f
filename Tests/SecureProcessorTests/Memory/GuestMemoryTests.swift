import Glibc
import SecureProcessor
import Testing

@Suite("Guest memory") struct GuestMemoryTests {
  enum Kind: String, CaseIterable { case buffered, file }

  private func memory(_ kind: Kind, base: UInt64, size: UInt64) throws -> any GuestMemory {
    switch kind {
    case .buffered: return BufferedMemory(base: base, size: size)
    case .file:
      let folder = try TemporaryFolder()
      let descriptor = unsafe open("\(folder.path)/ram", O_RDWR | O_CREAT | O_EXCL, 0o600)
      try #require(descriptor >= 0)
      return FileMemory(owning: descriptor, base: base, size: size)
    }
  }

  @Test(arguments: Kind.allCases) func `reads back what was written, and zeros elsewhere`(_ kind: Kind) throws
  {
    let memory = try memory(kind, base: 1 << 40, size: 1 << 33)
    let address: UInt64 = 1 << 40 + 0xFFFF_0FF8
    try memory.write(Simulation.bytes(9000), at: address)
    #expect(try memory.read(address, count: 9000) == Simulation.bytes(9000))
    let around = try memory.read(address - 16, count: 32)
    #expect(around == [UInt8](repeating: 0, count: 16) + Simulation.bytes(16))
    #expect(try memory.read(1 << 40, count: 4096) == [UInt8](repeating: 0, count: 4096))
  }

  @Test(
    arguments: Kind.allCases,
    [
      (0x0FFF, 1), (0x1000, 0x2001), (0x2FFF, 2), (0x3000, 1), (UInt64.max, 1), (UInt64.max - 1, 16),
      (0, 0x1000), (0x1000, -1),
    ] as [(UInt64, Int)])
  func `outside of it nothing can be read or written`(_ kind: Kind, _ range: (UInt64, Int)) throws {
    let memory = try memory(kind, base: 0x1000, size: 0x2000)
    #expect(throws: MemoryFault.unmapped(address: range.0)) { try memory.read(range.0, count: range.1) }
    guard range.1 > 0 else { return }
    let bytes = [UInt8](repeating: 1, count: range.1)
    #expect(throws: MemoryFault.unmapped(address: range.0)) { try memory.write(bytes, at: range.0) }
  }

  @Test func `a failing file is told`() throws {
    let descriptor = unsafe open("/dev/null", O_RDONLY)
    let memory = FileMemory(owning: descriptor, base: 0, size: 4096)
    #expect(throws: MemoryFault.system(EBADF)) { try memory.write([1], at: 0) }
  }
}
