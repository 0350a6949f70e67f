private import Glibc

/// Physical memory in a sparse file: the ciphertext as a host would see it in the chips. Owns the descriptor.
@safe package final class FileMemory: GuestMemory {
  package let base: UInt64
  /// Bytes.
  package let size: UInt64
  private let descriptor: Int32

  /// Takes the descriptor over. The byte at address `base` is the file's first; holes read as zeros.
  package init(owning descriptor: Int32, base: UInt64, size: UInt64) {
    self.descriptor = descriptor
    self.base = base
    self.size = size
  }

  deinit { close(descriptor) }

  package func read(_ address: UInt64, count: Int) throws(MemoryFault) -> [UInt8] {
    let start = try fileOffset(address, count)
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(descriptor, buffer.baseAddress?.advanced(by: done), count - done, start + off_t(done))
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw .system(errno) }
      guard got > 0 else { break }  // past the file's end: never written, zero
      done += got
    }
    return bytes
  }

  package func write(_ bytes: [UInt8], at address: UInt64) throws(MemoryFault) {
    let start = try fileOffset(address, bytes.count)
    var done = 0
    while done < bytes.count {
      let put = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(
          descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done, start + off_t(done))
      }
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw .system(put < 0 ? errno : EIO) }
      done += put
    }
  }

  private func fileOffset(_ address: UInt64, _ count: Int) throws(MemoryFault) -> off_t {
    guard
      let found = offset(of: address, count: count, base: base, size: size), let start = off_t(exactly: found)
    else { throw .unmapped(address: address) }
    return start
  }
}
