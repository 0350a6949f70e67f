import Bytes
import CVMCrypto
import Glibc
import StateStore

/// A backup of a state directory: a tar archive that any tar unpacks and `sha256sum -c SHA256SUMS` checks. Its members are
/// `state.db`, `vault/root.key` unless it was left out or there is none, and last `SHA256SUMS` over those before it; two blocks of
/// zeros end it.
final class BackupArchive {
  static let database = "state.db"
  static let rootKey = "vault/root.key"
  static let sums = "SHA256SUMS"
  private static let sumsLimit = 4096
  private static let piece = 1 << 18

  struct Member: Equatable, Sendable {
    let name: String
    /// Of the content, in the archive.
    let offset: Int
    let size: Int
    let sha256: [UInt8]
  }

  let path: String
  private let number: Int32
  private(set) var members: [Member] = []
  /// When it was made, in seconds since 1970.
  private(set) var madeAt = 0

  /// Opens an archive and reads all of it. Throws where it is not, byte for byte, as it was written.
  init(opening path: String) throws(CoreError) {
    self.path = path
    number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard number >= 0 else {
      throw .file(path: path, errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(errno: errno))
    }
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .file(path: path, .notRegular)
    }
    try check(Int(status.st_size))
  }

  deinit { if number >= 0 { close(number) } }

  /// Hands on a member's content piece by piece, and compares it with its sum once more.
  func read(_ member: Member, _ take: ([UInt8]) throws(CoreError) -> Void) throws(CoreError) {
    guard try digest(member.offset, member.size, take) == member.sha256 else {
      throw .file(path: path, .changed)
    }
  }

  private func check(_ end: Int) throws(CoreError) {
    var offset = 0
    for name in [Self.database, Self.rootKey, Self.sums] {
      let header = try header(at: offset, of: end)
      if header.name == Self.sums, name == Self.rootKey { continue }
      guard header.name == name else { throw damaged("offset \(offset): not \(name)") }
      offset += TarHeader.blockSize
      let padding = TarHeader.padding(after: header.size)
      guard header.size <= end - offset, padding <= end - offset - header.size else {
        throw damaged("it ends within \(name)")
      }
      if name == Self.sums {
        try checkSums(offset, header.size)
      } else {
        let sum = try digest(offset, header.size)
        members.append(Member(name: name, offset: offset, size: header.size, sha256: sum))
      }
      madeAt = header.modified
      offset += header.size
      try requireZeros(padding, at: offset)
      offset += padding
    }
    guard end - offset == 2 * TarHeader.blockSize else { throw damaged("it does not end where it should") }
    try requireZeros(end - offset, at: offset)
  }

  /// The text must be the one over the members that were read.
  private func checkSums(_ offset: Int, _ size: Int) throws(CoreError) {
    guard size <= Self.sumsLimit else { throw damaged("\(Self.sums) is too large") }
    guard try bytes(offset, size) == Array(Self.sums(of: members).utf8) else {
      throw damaged("its files are not those of \(Self.sums)")
    }
  }

  fileprivate static func sums(of members: [Member]) -> String {
    members.map { "\(Hex.encode($0.sha256))  \($0.name)\n" }.joined()
  }

  private func header(at offset: Int, of end: Int) throws(CoreError) -> TarHeader {
    guard TarHeader.blockSize <= end - offset else { throw damaged("it ends within a header") }
    let block = try bytes(offset, TarHeader.blockSize)
    do { return try TarHeader(parsing: block, at: offset) } catch { throw damaged(error.summary) }
  }

  private func requireZeros(_ count: Int, at offset: Int) throws(CoreError) {
    guard try bytes(offset, count).allSatisfy({ $0 == 0 }) else {
      throw damaged("offset \(offset): not zero")
    }
  }

  private func digest(
    _ offset: Int, _ size: Int, _ take: ([UInt8]) throws(CoreError) -> Void = { (_) throws(CoreError) in }
  ) throws(CoreError) -> [UInt8] {
    let stream: SHA256.Stream
    do { stream = try SHA256.Stream() } catch { throw .crypto(error) }
    var done = 0
    while done < size {
      let piece = try bytes(offset + done, min(Self.piece, size - done))
      unsafe piece.withUnsafeBytes { stream.update($0) }
      try take(piece)
      done += piece.count
    }
    do { return try stream.finalize() } catch { throw .crypto(error) }
  }

  /// Exactly so many bytes.
  private func bytes(_ offset: Int, _ count: Int) throws(CoreError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let got = unsafe pread(
          number, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset + done))
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

  private func damaged(_ reason: String) -> CoreError { .store(.corrupt(file: path, reason: reason)) }
}

// MARK: Writing

extension BackupArchive {
  /// Writes a new file, whole or not at all.
  /// - Parameter database: the path of a file that nobody changes.
  static func write(
    _ path: String, database: String, rootKey: SecretBytes?, at moment: Timestamp
  ) throws(CoreError) -> [Member] {
    let source = unsafe open(database, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard source >= 0 else { throw .file(path: database, .unreadable(errno: errno)) }
    defer { close(source) }
    var status = stat()
    guard unsafe fstat(source, &status) == 0 else { throw .file(path: database, .unreadable(errno: errno)) }
    let size = Int(status.st_size)
    guard TarHeader.sizes.contains(size) else {
      throw .unsupported("a database of \(size) bytes in a backup")
    }
    var writer = Writer(seconds: Int(clamping: moment.seconds))
    var failure: CryptoError?
    try OutputFile.create(path, mode: 0o600) { target in
      do throws(CryptoError) {
        writer.target = target
        try writer.add(Self.database, size) { place in Self.piece(of: source, place, size) }
        if let rootKey {
          try writer.add(Self.rootKey, rootKey.count) { place in
            place == 0 ? rootKey : nil
          }
        }
        let sums = SecretBytes(copying: Array(Self.sums(of: writer.members).utf8))
        try writer.add(Self.sums, sums.count) { place in place == 0 ? sums : nil }
        writer.put([UInt8](repeating: 0, count: 2 * TarHeader.blockSize))
      } catch {
        failure = error
      }
      return failure == nil ? writer.problem : EIO
    }
    if let failure { throw .crypto(failure) }
    return writer.members.filter { $0.name != Self.sums }
  }

  private static func piece(of source: Int32, _ place: Int, _ size: Int) -> SecretBytes? {
    let count = min(piece, size - place)
    guard count > 0 else { return nil }
    var got = 0
    let bytes = SecretBytes.filled(count) { buffer in
      got = unsafe pread(source, buffer.baseAddress, count, off_t(place))
    }
    return got > 0 ? bytes.slice(0..<got) : nil
  }

  /// Puts members behind each other; the first failure of the system ends it.
  private struct Writer {
    let seconds: Int
    var target: Int32 = -1
    var offset = 0
    var problem: Int32 = 0
    var members: [Member] = []

    init(seconds: Int) { self.seconds = seconds }

    /// - Parameter next: the piece at a place of the content; nil at its end.
    mutating func add(_ name: String, _ size: Int, _ next: (Int) -> SecretBytes?) throws(CryptoError) {
      put(TarHeader(name: name, size: size, modified: max(0, seconds)).serialized())
      let start = offset
      let stream = try SHA256.Stream()
      while problem == 0, let piece = next(offset - start) {
        piece.withBytes { bytes in
          stream.update(bytes)
          unsafe put(bytes)
        }
      }
      if problem == 0, offset - start != size { problem = EIO }
      members.append(Member(name: name, offset: start, size: size, sha256: try stream.finalize()))
      put([UInt8](repeating: 0, count: TarHeader.padding(after: size)))
    }

    mutating func put(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe put($0) } }

    mutating func put(_ bytes: UnsafeRawBufferPointer) {
      guard problem == 0 else { return }
      problem = unsafe OutputFile.writeAll(target, bytes)
      offset += bytes.count
    }
  }
}
