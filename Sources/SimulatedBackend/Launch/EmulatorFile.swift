import CVMCore
import CVMCrypto
import Glibc

/// A file that a domain document names: firmware, kernel, initrd. Opened once, judged by its descriptor, read
/// once: the bytes that were judged are the bytes that are used. Owns the descriptor.
@safe final class EmulatorFile {
  enum Limit {
    /// Bytes.
    static let firmware = 64 << 20
    static let kernel = 512 << 20
    static let initrd = 512 << 20
  }

  let path: String
  private let facts: stat
  private let descriptor: Int32

  /// Bytes.
  var size: Int { Int(facts.st_size) }

  /// `what` is for the error's text. Links are followed, as QEMU does; a FIFO does not block.
  init(_ path: String, _ what: StaticString, limit: Int) throws(BackendError) {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard fd >= 0 else {
      let reason = "Could not open '\(path)': \(SystemText.of(errno))"
      throw errno == EACCES ? .permission(reason: reason) : .launchFailed(reason: reason, status: nil)
    }
    var facts = stat()
    let isKnown = unsafe fstat(fd, &facts) == 0
    guard isKnown, facts.st_mode & S_IFMT == S_IFREG else {
      close(fd)
      throw .invalidDefinition(reason: "\(what) '\(path)' is not a regular file")
    }
    guard facts.st_size > 0, facts.st_size <= limit else {
      close(fd)
      throw .invalidDefinition(
        reason: "\(what) '\(path)' has \(facts.st_size) bytes; 1 to \(limit) are accepted")
    }
    descriptor = fd
    self.facts = facts
    self.path = path
  }

  deinit { close(descriptor) }

  /// All of it.
  func bytes() throws(BackendError) -> [UInt8] {
    try Self.last.content(of: facts) { () throws(BackendError) in try read(size, at: 0) }
  }

  private static let last = RememberedFile<[UInt8]>()

  /// SHA-256 of all of it, a piece at a time.
  func digest() throws(BackendError) -> [UInt8] {
    do {
      let stream = try SHA256.Stream()
      for offset in stride(from: 0, to: size, by: 1 << 20) {
        stream.update(try read(min(1 << 20, size - offset), at: offset))
      }
      return try stream.finalize()
    } catch let error as BackendError {
      throw error
    } catch {
      throw .failed(operation: "hashing '\(path)'", reason: "the cryptographic library failed")
    }
  }

  private func read(_ count: Int, at offset: Int) throws(BackendError) -> [UInt8] {
    var failure: Int32 = 0
    // Not zeroed first: firmware is megabytes, and every page of it would be touched twice.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let target = unsafe buffer.baseAddress?.advanced(by: done)
        let got = unsafe pread(descriptor, target, count - done, off_t(offset + done))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { break }
        done += got
      }
    }
    guard failure == 0 else {
      throw .launchFailed(reason: "Could not read '\(path)': \(SystemText.of(failure))", status: nil)
    }
    guard bytes.count == count else {
      throw .launchFailed(reason: "'\(path)' was cut while it was read", status: nil)
    }
    return bytes
  }
}
