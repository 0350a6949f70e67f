import CVMCrypto
import SEV

extension SecureProcessor {
  /// DBG_DECRYPT: copies `count` bytes of guest memory at `source` in the clear to `destination`. What NODBG
  /// forbids.
  package func debugDecrypt(
    _ handle: GuestHandle, from source: UInt64, to destination: UInt64, count: Int, memory: any GuestMemory
  ) throws(CommandFailure) {
    let guest = try debuggable(handle, source, destination, count)
    let ciphertext = try onMemory { () throws(MemoryFault) in try memory.read(source, count: count) }
    let plaintext = try hardware { () throws(CryptoError) in try guest.cipher.decrypt(ciphertext, at: source)
    }
    try onMemory { () throws(MemoryFault) in try memory.write(plaintext, at: destination) }
  }

  /// DBG_ENCRYPT: copies `count` bytes of plaintext at `source` to `destination` in the guest's memory.
  package func debugEncrypt(
    _ handle: GuestHandle, from source: UInt64, to destination: UInt64, count: Int, memory: any GuestMemory
  ) throws(CommandFailure) {
    let guest = try debuggable(handle, source, destination, count)
    let plaintext = try onMemory { () throws(MemoryFault) in try memory.read(source, count: count) }
    try store(plaintext, at: destination, of: guest, in: memory)
  }

  /// The checks of both. A length of 0 is accepted; the guest's state does not matter.
  private func debuggable(
    _ handle: GuestHandle, _ source: UInt64, _ destination: UInt64, _ count: Int
  ) throws(CommandFailure) -> GuestContext {
    try requirePlatform(.working)
    try requireAligned(source)
    try requireAligned(destination)
    try require(count >= 0 && count.isMultiple(of: MemoryCipher.blockSize), else: .invalidLength)
    let guest = try context(handle)
    try require(!guest.policy.noDebug, else: .policyFailure)
    try requireActive(handle)
    return guest
  }
}
