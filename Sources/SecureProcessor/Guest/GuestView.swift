import CVMCrypto
import SEV

/// What a CPU does that runs with a guest's ASID and the C-bit set: no command of the AMD-SP, and out of the
/// host's reach on hardware. A simulated host has it to show what its guest would see.
extension SecureProcessor {
  /// Memory as the guest reads it. Any address and count.
  package func guestRead(
    _ handle: GuestHandle, address: UInt64, count: Int, memory: any GuestMemory
  ) throws(CommandFailure) -> [UInt8] {
    let guest = try running(handle)
    let (start, padded) = try Self.blocks(around: address, count)
    let ciphertext = try onMemory { () throws(MemoryFault) in try memory.read(start, count: padded) }
    let plaintext = try hardware { () throws(CryptoError) in try guest.cipher.decrypt(ciphertext, at: start) }
    let skipped = Int(address - start)
    return Array(plaintext[skipped..<(skipped + count)])
  }

  /// A guest's write: what stands in memory afterwards is ciphertext.
  package func guestWrite(
    _ bytes: [UInt8], _ handle: GuestHandle, address: UInt64, memory: any GuestMemory
  ) throws(CommandFailure) {
    let guest = try running(handle)
    let (start, padded) = try Self.blocks(around: address, bytes.count)
    var blocks = try guestRead(handle, address: start, count: padded, memory: memory)
    let skipped = Int(address - start)
    blocks.replaceSubrange(skipped..<(skipped + bytes.count), with: bytes)
    try store(blocks, at: start, of: guest, in: memory)
  }

  private func running(_ handle: GuestHandle) throws(CommandFailure) -> GuestContext {
    let guest = try guest(handle)
    try requireActive(handle)
    return guest
  }

  /// The whole 16-byte blocks that a range touches. INVALID_ADDRESS where it leaves the address space.
  private static func blocks(
    around address: UInt64, _ count: Int
  ) throws(CommandFailure) -> (start: UInt64, count: Int) {
    let start = address & ~15
    guard
      let length = UInt64(exactly: count), length <= UInt64(UInt32.max),
      address < UInt64.max - length - 16
    else { throw CommandFailure(.invalidAddress) }
    return (start, Int((address + length + 15) & ~15 - start))
  }
}
