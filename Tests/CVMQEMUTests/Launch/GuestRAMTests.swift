import Glibc
import Testing

@testable import cvm_qemu

@Suite("Guest RAM") struct GuestRAMTests {
  private func ram(_ size: UInt64) throws -> (GuestRAM, Descriptor) {
    let memory = try Descriptor.memory("test", size: size)
    return (GuestRAM(memory, size: size), memory)
  }

  @Test func `an address is an offset into the shared memory`() throws {
    let (ram, memory) = try ram(16 << 20)
    try ram.write([1, 2, 3], at: 0x810000)
    var bytes = [UInt8](repeating: 0, count: 5)
    #expect(unsafe pread(memory.number, &bytes, 5, 0x80FFFF) == 5)
    #expect(bytes == [0, 1, 2, 3, 0])
  }

  @Test func `the last byte can be written, the next cannot`() throws {
    let (ram, _) = try ram(1 << 20)
    try ram.write([9], at: (1 << 20) - 1)
    #expect(throws: GuestAddressError.exceeded((1 << 20) - 1)) { try ram.write([9, 9], at: (1 << 20) - 1) }
    #expect(throws: GuestAddressError.unmapped(1 << 20)) { try ram.write([9], at: 1 << 20) }
  }

  @Test(
    arguments: [
      (0xA0000, .notRAM(0xA0000)), (0xBFFFF, .notRAM(0xBFFFF)), (0x9FFFF, .exceeded(0x9FFFF)),
      (UInt64.max, .unmapped(UInt64.max)), (2 << 30, .beyondReach(2 << 30)),
    ] as [(UInt64, GuestAddressError)])
  func `refuses holes and what lies elsewhere on some machines`(_ address: UInt64, _ error: GuestAddressError)
    throws
  {
    let (ram, _) = try ram(3 << 30)
    #expect(throws: error) { try ram.offset(of: address, count: 2) }
  }

  @Test func `an impossible size has no memory`() {
    #expect(throws: SystemError("ftruncate", code: EFBIG)) { try Descriptor.memory("test", size: UInt64.max) }
  }
}
