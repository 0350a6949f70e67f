/// Physical memory in this process, page by page as it is written: for tests, and for an emulator that keeps
/// the ciphertext beside the memory its guest uses.
package final class BufferedMemory: GuestMemory {
  package let base: UInt64
  /// Bytes.
  package let size: UInt64
  private var pages: [UInt64: [UInt8]] = [:]

  private static let pageSize = UInt64(MemoryCipher.pageSize)

  /// `size` bytes of zeros from `base` on.
  package init(base: UInt64 = 0, size: UInt64) {
    self.base = base
    self.size = size
  }

  package func read(_ address: UInt64, count: Int) throws(MemoryFault) -> [UInt8] {
    guard var offset = offset(of: address, count: count, base: base, size: size) else {
      throw .unmapped(address: address)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let inside = Int(offset % Self.pageSize)
      let piece = min(MemoryCipher.pageSize - inside, count - bytes.count)
      if let page = pages[offset / Self.pageSize] {
        bytes += page[inside..<(inside + piece)]
      } else {
        bytes += [UInt8](repeating: 0, count: piece)
      }
      offset += UInt64(piece)
    }
    return bytes
  }

  package func write(_ bytes: [UInt8], at address: UInt64) throws(MemoryFault) {
    guard var offset = offset(of: address, count: bytes.count, base: base, size: size) else {
      throw .unmapped(address: address)
    }
    var written = 0
    while written < bytes.count {
      let inside = Int(offset % Self.pageSize)
      let piece = min(MemoryCipher.pageSize - inside, bytes.count - written)
      let empty = [UInt8](repeating: 0, count: MemoryCipher.pageSize)
      pages[offset / Self.pageSize, default: empty]
        .replaceSubrange(inside..<(inside + piece), with: bytes[written..<(written + piece)])
      written += piece
      offset += UInt64(piece)
    }
  }
}
