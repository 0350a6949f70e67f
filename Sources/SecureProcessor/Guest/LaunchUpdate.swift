import CVMCrypto
import SEV

extension SecureProcessor {
  /// LAUNCH_UPDATE_DATA: measures `count` bytes of plaintext at `address` and encrypts them in place.
  package mutating func launchUpdateData(
    _ handle: GuestHandle, address: UInt64, count: Int, memory: any GuestMemory
  ) throws(CommandFailure) {
    let guest = try guest(handle)
    try requireState(guest, .launchUpdate)
    try update(guest, handle, address, count, memory)
  }

  /// LAUNCH_UPDATE_VMSA: the same for a vCPU's 4096-byte save area of a SEV-ES guest.
  package mutating func launchUpdateVMSA(
    _ handle: GuestHandle, address: UInt64, count: Int, memory: any GuestMemory
  ) throws(CommandFailure) {
    try require(count == MemoryCipher.pageSize, else: .invalidLength)  // before any other check
    let guest = try guest(handle)
    try requireState(guest, .launchUpdate)
    try require(guest.policy.es, else: .unsupported)
    try update(guest, handle, address, count, memory)
  }

  private func update(
    _ guest: GuestContext, _ handle: GuestHandle, _ address: UInt64, _ count: Int, _ memory: any GuestMemory
  ) throws(CommandFailure) {
    try requireActive(handle)
    try requireAligned(address)
    try requireBlocks(count)
    guard case .open(let digest) = guest.digest else { throw CommandFailure(.invalidGuestState) }
    let plaintext = try onMemory { () throws(MemoryFault) in try memory.read(address, count: count) }
    try store(plaintext, at: address, of: guest, in: memory)
    digest.update(plaintext)
  }

  private static var storedAtOnce: Int { 64 * MemoryCipher.pageSize }

  /// Encrypts `plaintext` into memory, a part after another: a large firmware needs no second copy. Memory
  /// that fails half-way has a part of it, as on hardware.
  func store(
    _ plaintext: [UInt8], at address: UInt64, of guest: GuestContext, in memory: any GuestMemory
  ) throws(CommandFailure) {
    for start in stride(from: 0, to: plaintext.count, by: Self.storedAtOnce) {
      let part = Array(plaintext[start..<min(start + Self.storedAtOnce, plaintext.count)])
      let place = address + UInt64(start)  // a range that memory has read does not wrap
      let ciphertext = try hardware { () throws(CryptoError) in try guest.cipher.encrypt(part, at: place) }
      try onMemory { () throws(MemoryFault) in try memory.write(ciphertext, at: place) }
    }
  }
}
