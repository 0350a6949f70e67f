import Testing

@testable import cvm_qemu

@Suite("Kernel header as QEMU 7.2 changes it") struct BootProtocolTests {
  /// A setup header of protocol 2.15, loaded high; `flags` is `xloadflags`.
  private func kernel(
    version: UInt8 = 15, flags: UInt8 = 0, loadflags: UInt8 = 1, limit: UInt32 = 0x7FFF_FFFF
  ) -> [UInt8] {
    var image = [UInt8](repeating: 0, count: 0x1000)
    image.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    image[0x206] = version
    image[0x207] = 2
    image[0x211] = loadflags
    image[0x236] = flags
    for index in 0..<4 { image[0x22C + index] = UInt8(truncatingIfNeeded: limit >> (8 * UInt32(index))) }
    return image
  }

  private func changes(_ before: [UInt8], _ after: [UInt8]) -> [Int: UInt8] {
    Dictionary(uniqueKeysWithValues: after.indices.filter { before[$0] != after[$0] }.map { ($0, after[$0]) })
  }

  @Test func `without an initrd only the loader's fields change`() throws {
    let image = try #require(BootProtocol.patched(kernel(), initrd: nil, lowMemory: 512 << 20))
    #expect(changes(kernel(), image) == [0x210: 0xB0, 0x211: 0x81, 0x225: 0xFE, 0x22A: 0x02])
  }

  @Test func `the initrd lies as high as memory allows`() throws {
    // (min(limit, 512 MiB - 0x28000 - 1) - 0x1234) & ~0xfff
    let image = try #require(BootProtocol.patched(kernel(), initrd: 0x1234, lowMemory: 512 << 20))
    #expect(Array(image[0x218..<0x220]) == [0x00, 0x60, 0xFD, 0x1F, 0x34, 0x12, 0, 0])
  }

  @Test func `the kernel's own limit counts unless it takes an initrd anywhere`() throws {
    let low = try #require(BootProtocol.patched(kernel(limit: 0xFFFF), initrd: 1, lowMemory: 512 << 20))
    #expect(Array(low[0x218..<0x21C]) == [0x00, 0xF0, 0, 0])
    let high = try #require(
      BootProtocol.patched(kernel(flags: 2, limit: 0xFFFF), initrd: 1, lowMemory: 512 << 20))
    #expect(Array(high[0x218..<0x21C]) == [0x00, 0x70, 0xFD, 0x1F])
  }

  @Test func `what is no bzImage is not changed`() {
    #expect(BootProtocol.patched([], initrd: nil, lowMemory: 1 << 30) == nil)
    #expect(BootProtocol.patched([UInt8](repeating: 0, count: 4096), initrd: nil, lowMemory: 1 << 30) == nil)
    #expect(BootProtocol.patched(kernel(version: 2), initrd: nil, lowMemory: 1 << 30) == nil)
    #expect(BootProtocol.patched(kernel(loadflags: 0), initrd: nil, lowMemory: 1 << 30) == nil)
    #expect(BootProtocol.patched(Array(kernel()[..<0x267]), initrd: nil, lowMemory: 1 << 30) == nil)
  }

  @Test func `an initrd that does not fit is not placed`() {
    #expect(BootProtocol.patched(kernel(), initrd: 1 << 30, lowMemory: 512 << 20) == nil)
    #expect(BootProtocol.patched(kernel(), initrd: 1, lowMemory: 0x1000) == nil)
  }
}
