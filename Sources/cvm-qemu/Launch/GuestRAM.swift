import Glibc

/// The memory that QEMU's guest really uses, shared with QEMU through a descriptor. Under TCG it holds plaintext: nothing
/// encrypts what this guest writes, and whoever may read QEMU's memory reads the guest's. What the simulated AMD-SP
/// encrypts at launch it keeps in its own copy; this is where the guest finds the result.
final class GuestRAM {
  /// Bytes.
  let size: UInt64
  private let memory: Descriptor

  init(_ memory: Descriptor, size: UInt64) {
    self.memory = memory
    self.size = size
  }

  /// Guest physical addresses below this one are offsets into the memory on every machine type.
  static let direct: UInt64 = 2 << 30
  /// The VGA window, no RAM to the processor.
  private static let window: Range<UInt64> = 0xA0000..<0xC0000

  func write(_ bytes: [UInt8], at address: UInt64) throws(GuestAddressError) {
    let start = try offset(of: address, count: bytes.count)
    var done = 0
    while done < bytes.count {
      let rest = bytes[done...]
      let put = unsafe rest.withUnsafeBytes {
        unsafe pwrite(memory.number, $0.baseAddress, $0.count, start + off_t(done))
      }
      if put < 0, errno == EINTR { continue }
      guard put > 0 else { throw .system(errno) }
      done += put
    }
  }

  /// Checks that `count` bytes from `address` on are RAM.
  func offset(of address: UInt64, count: Int) throws(GuestAddressError) -> off_t {
    guard let length = UInt64(exactly: count) else { throw .exceeded(address) }
    guard address < size else { throw .unmapped(address) }
    guard address < Self.direct else { throw .beyondReach(address) }
    guard !Self.window.contains(address) else { throw .notRAM(address) }
    let end = address < Self.window.lowerBound ? Self.window.lowerBound : min(size, Self.direct)
    guard length <= end - address, let offset = off_t(exactly: address) else { throw .exceeded(address) }
    return offset
  }
}

/// Why a range of guest physical addresses cannot be reached. The texts are QEMU's (7.2, gpa2hva) where it has one.
enum GuestAddressError: Error, Equatable {
  case unmapped(UInt64)
  case notRAM(UInt64)
  case exceeded(UInt64)
  case beyondReach(UInt64)
  case system(Int32)

  var summary: String {
    switch self {
    case .unmapped(let address): "No memory is mapped at address 0x\(String(address, radix: 16))"
    case .notRAM(let address): "Memory at address 0x\(String(address, radix: 16)) is not RAM"
    case .exceeded(let address): "Size of memory region at 0x\(String(address, radix: 16)) exceeded."
    case .beyondReach(let address):
      "the simulation reaches guest memory below 2 GiB only, not 0x\(String(address, radix: 16))"
    case .system(let code): SystemError("pwrite", code: code).summary
    }
  }
}
