import SecureProcessor

/// A guest's memory while it is filled: one range of plaintext in this process over the file, to be read once
/// and replaced by what the AMD-SP writes.
final class StagedMemory: GuestMemory {
  private let memory: FileMemory
  private var address: UInt64 = 0
  private var bytes: [UInt8] = []

  init(over memory: FileMemory) { self.memory = memory }

  /// Puts plaintext where the next command will read it.
  func stage(_ bytes: [UInt8], at address: UInt64) {
    self.bytes = bytes
    self.address = address
  }

  func read(_ address: UInt64, count: Int) throws(MemoryFault) -> [UInt8] {
    guard address == self.address, count == bytes.count else { return try memory.read(address, count: count) }
    return bytes
  }

  func write(_ bytes: [UInt8], at address: UInt64) throws(MemoryFault) {
    try memory.write(bytes, at: address)
    self.bytes = []
  }
}
