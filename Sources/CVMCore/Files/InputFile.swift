package import CVMCrypto
import Glibc

/// Files that a user names: one open, one `fstat`, exactly the bytes that were there.
package enum InputFile {
  /// Firmware images: the largest published are 4 MiB.
  package static let firmwareLimit = 64 << 20
  /// Kernels and initial RAM disks.
  package static let kernelLimit = 1 << 30
  /// Certificates, blobs, definitions.
  package static let smallLimit = 4 << 20

  /// Reads a regular file of at most `limit` bytes. Pipes, devices and directories are refused before anything is read.
  package static func read(_ path: String, limit: Int) throws(CoreError) -> [UInt8] {
    let file = try Descriptor(opening: path)
    return try file.bytes(path, count: Int(file.regular(path, limit: limit).st_size))
  }

  /// SHA-256 of a regular file of at most `limit` bytes, taken piece by piece: it need not fit into memory.
  package static func digest(_ path: String, limit: Int) throws(CoreError) -> [UInt8] {
    let stream: SHA256.Stream
    do { stream = try SHA256.Stream() } catch { throw .crypto(error) }
    let file = try Descriptor(opening: path)
    let size = Int(try file.regular(path, limit: limit).st_size)
    var count = 0
    try file.read(path, limit: size) { piece in
      count += piece.count
      unsafe piece.withUnsafeBytes { stream.update($0) }
    }
    guard count == size else { throw .file(path: path, .changed) }
    do { return try stream.finalize() } catch { throw .crypto(error) }
  }

  /// Reads standard input to its end, at most `limit` bytes.
  package static func readStandardInput(limit: Int) throws(CoreError) -> [UInt8] {
    let name = "standard input"
    let copy = dup(0)
    guard copy >= 0 else { throw .file(path: name, .unreadable(errno: errno)) }
    let file = Descriptor(owning: copy)
    var bytes: [UInt8] = []
    try file.read(name, limit: limit + 1) { bytes += $0 }
    guard bytes.count <= limit else { throw .file(path: name, .tooLarge(limit: limit)) }
    return bytes
  }

  /// Reads a secret: a regular file that only its owner may read and write, or a pipe (`/dev/fd/3`, a FIFO).
  /// `anyMode`: for files that other tools of the field write with whatever mode the user's umask gives.
  package static func readSecret(
    _ path: String, limit: Int = 64 << 10, anyMode: Bool = false
  ) throws(CoreError) -> SecretBytes {
    let file =
      if let inherited = Descriptor.inherited(path) { inherited } else {
        try Descriptor(opening: path, blocking: true)
      }
    let status = try file.status(path)
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFIFO || kind == S_IFSOCK else { throw .file(path: path, .notRegular) }
    if kind == S_IFREG, !anyMode {
      guard status.st_mode & 0o077 == 0 else {
        throw .file(path: path, .tooOpen(mode: status.st_mode & 0o7777))
      }
      guard status.st_uid == geteuid() || status.st_uid == 0 else {
        throw .file(path: path, .unreadable(errno: EPERM))
      }
    }
    var parts: [SecretBytes] = []
    var count = 0
    while true {
      var got = 0
      let part = try file.secretChunk(path, got: &got)
      if got == 0 { break }
      count += got
      guard count <= limit else { throw .file(path: path, .tooLarge(limit: limit)) }
      guard let slice = part.slice(0..<got) else { throw .file(path: path, .changed) }
      parts.append(slice)
    }
    return SecretBytes.joined(parts)
  }
}

/// An open file, closed at the end of its life.
struct Descriptor: ~Copyable {
  private let number: Int32

  init(owning number: Int32) { self.number = number }

  /// Non-blocking unless asked, so that a FIFO without a writer cannot hold the command.
  init(opening path: String, blocking: Bool = false) throws(CoreError) {
    guard !path.utf8.contains(0) else { throw .file(path: path, .missing) }
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (blocking ? 0 : O_NONBLOCK))
    guard number >= 0 else {
      throw .file(path: path, errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(errno: errno))
    }
    self.number = number
  }

  /// The descriptor that `/dev/fd/N` names. Taken as it is: a process that forbids dumps cannot open its own `/proc` entries.
  static func inherited(_ path: String) -> Descriptor? {
    guard path.hasPrefix("/dev/fd/"), let number = Int32(path.dropFirst("/dev/fd/".count)) else { return nil }
    let copy = dup(number)
    return copy < 0 ? nil : Descriptor(owning: copy)
  }

  deinit { close(number) }

  func status(_ path: String) throws(CoreError) -> stat {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { throw .file(path: path, .unreadable(errno: errno)) }
    return status
  }

  /// What `fstat` says of a regular file of at most `limit` bytes.
  func regular(_ path: String, limit: Int) throws(CoreError) -> stat {
    let status = try status(path)
    guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, .notRegular) }
    guard status.st_size <= limit else { throw .file(path: path, .tooLarge(limit: limit)) }
    return status
  }

  /// All `count` bytes of the file, read to where they stay.
  func bytes(_ path: String, count: Int) throws(CoreError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let got = unsafe Glibc.read(number, buffer.baseAddress?.advanced(by: done), count - done)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { break }
        done += got
      }
    }
    guard failure == 0 else { throw .file(path: path, .unreadable(errno: failure)) }
    guard bytes.count == count else { throw .file(path: path, .changed) }
    return bytes
  }

  /// Hands on what the file holds, chunk by chunk, until its end or until `limit` bytes came.
  func read(
    _ path: String, limit: Int, _ take: (ArraySlice<UInt8>) -> Void
  ) throws(CoreError) {
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var total = 0
    while total < limit {
      let wanted = min(chunk.count, limit - total)
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, wanted) }
      if count < 0 {
        if errno == EINTR { continue }
        throw .file(path: path, .unreadable(errno: errno))
      }
      if count == 0 { return }
      total += count
      take(chunk[..<count])
    }
  }

  /// One page of a secret; the bytes never pass through an array.
  func secretChunk(_ path: String, got: inout Int) throws(CoreError) -> SecretBytes {
    var failure: Int32 = 0
    var count = 0
    let part: SecretBytes
    do {
      part = try SecretBytes.filled(4096) {
        (buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) in
        repeat {
          count = unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
        } while count < 0 && errno == EINTR
        if count < 0 { failure = errno }
      }
    } catch {
      throw .crypto(error)
    }
    guard count >= 0 else { throw .file(path: path, .unreadable(errno: failure)) }
    got = count
    return part
  }
}
