package import CVMCrypto

private import Glibc

/// A directory of state files: mode 0700, files 0600, all of them this user's own, no link followed. Owns the
/// descriptor.
///
/// A file is replaced as a whole: written beside it, flushed to the disk, renamed over it. Writers hold the
/// directory's lock, so that there is one file being written at a time; what a killed writer left is
/// `temporary`, and goes with the next `sweep`.
@safe package final class StateFolder {
  package let path: String
  private let descriptor: Int32

  private static let temporary = "temporary"
  /// No state file is larger.
  private static let sizeLimit = 1 << 20

  /// Opens a directory. Throws `.notFound`, or `.permission` unless it is this user's own and closed to all
  /// others.
  package init(path: String) throws(PlatformError) {
    let fd = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard fd >= 0 else {
      switch errno {
      case ENOENT: throw .notFound(path: path)
      case ELOOP, ENOTDIR: throw .permission(file: path, reason: "not a directory")
      default: throw .system(operation: "open", file: path, number: errno)
      }
    }
    do {
      try Self.check(fd, path, kind: S_IFDIR)
    } catch {
      close(fd)
      throw error
    }
    self.path = path
    descriptor = fd
  }

  deinit { close(descriptor) }

  /// Makes a directory of mode 0700. Throws `.exists`.
  package static func make(path: String) throws(PlatformError) {
    guard unsafe mkdir(path, 0o700) == 0 else {
      if errno == EEXIST { throw .exists(path: path) }
      throw .system(operation: "make", file: path, number: errno)
    }
    guard unsafe chmod(path, 0o700) == 0 else {  // whatever the umask said
      throw .system(operation: "set the mode of", file: path, number: errno)
    }
  }

  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The whole file, read straight into secret memory. Throws `.notFound`.
  package func read(_ name: String) throws(PlatformError) -> SecretBytes {
    let fd = try open(name, O_RDONLY | O_NONBLOCK)
    defer { close(fd) }
    return try read(fd, name)
  }

  /// The same, with what tells later whether the file is still this one.
  func readKept(_ name: String) throws(PlatformError) -> (bytes: SecretBytes, file: KeptFile) {
    let fd = try open(name, O_RDONLY | O_NONBLOCK)
    let file = KeptFile(owning: fd)
    return (try read(fd, name), file)
  }

  /// The same, without reading it.
  func kept(_ name: String) throws(PlatformError) -> KeptFile {
    KeptFile(owning: try open(name, O_RDONLY | O_NONBLOCK))
  }

  /// Whether the file of that name is the one kept, and nobody has written to it meanwhile. False where it cannot be told.
  func isStill(_ kept: KeptFile, _ name: String) -> Bool {
    var facts = stat()
    guard unsafe fstatat(descriptor, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
    return kept.isSame(facts)
  }

  private func read(_ fd: Int32, _ name: String) throws(PlatformError) -> SecretBytes {
    let size = try Self.check(fd, file(name), kind: S_IFREG)
    guard size <= Self.sizeLimit else { throw .corrupt(file: file(name), reason: "too large") }
    return try SecretBytes.filled(size) { target throws(PlatformError) in
      var done = 0
      while done < size {
        let got = unsafe Glibc.read(fd, target.baseAddress?.advanced(by: done), size - done)
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw .system(operation: "read", file: file(name), number: errno) }
        guard got > 0 else { throw .corrupt(file: file(name), reason: "cut while it was read") }
        done += got
      }
    }
  }

  /// Replaces the file, or makes it. On the disk when this returns, as far as the file itself goes; see
  /// `flush`. Not `flushed`, a power loss may leave the old file, the new one or a damaged one.
  package func replace(
    _ name: String, with bytes: SecretBytes, flushed: Bool = true
  ) throws(PlatformError) {
    let fd = try open(Self.temporary, O_WRONLY | O_CREAT | O_TRUNC)
    do throws(PlatformError) {
      defer { close(fd) }
      try Self.check(fd, file(Self.temporary), kind: S_IFREG)
      try bytes.withBytes { source throws(PlatformError) in try unsafe write(source, to: fd, Self.temporary) }
      guard !flushed || fdatasync(fd) == 0 else {
        throw .system(operation: "flush", file: file(name), number: errno)
      }
    } catch {
      remove(Self.temporary)
      throw error
    }
    guard unsafe renameat(descriptor, Self.temporary, descriptor, name) == 0 else {
      throw .system(operation: "replace", file: file(name), number: errno)
    }
  }

  /// Makes a file that nobody reads before this returns; not flushed to the disk. What the name had is overwritten.
  func make(_ name: String, with bytes: SecretBytes) throws(PlatformError) {
    let fd = try openFile(name, .emptied)
    defer { close(fd) }
    try bytes.withBytes { source throws(PlatformError) in try unsafe write(source, to: fd, name) }
  }

  private func write(_ source: UnsafeRawBufferPointer, to fd: Int32, _ name: String) throws(PlatformError) {
    var done = 0
    while done < source.count {
      let put = unsafe Glibc.write(fd, source.baseAddress?.advanced(by: done), source.count - done)
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else {
        throw .system(operation: "write", file: file(name), number: put < 0 ? errno : EIO)
      }
      done += put
    }
  }

  /// Flushes the directory itself: names made, replaced or removed before are on the disk then.
  package func flush() throws(PlatformError) {
    guard fsync(descriptor) == 0 else { throw .system(operation: "flush", file: path, number: errno) }
  }

  /// Absent already is fine, and so is a failure: a file left behind is swept later.
  package func remove(_ name: String) { _ = unsafe unlinkat(descriptor, name, 0) }

  /// The names in the directory.
  package func names() throws(PlatformError) -> [String] {
    let fd = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard fd >= 0, let stream = unsafe fdopendir(fd) else {
      throw .system(operation: "list", file: path, number: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes what killed writers left: the temporary file, and every file that `isWanted` disowns.
  func sweep(_ isWanted: (String) -> Bool) throws(PlatformError) {
    for name in try names() where name == Self.temporary || !isWanted(name) { remove(name) }
  }

  package enum Opening: Sendable {
    /// Throws `.notFound` without the file.
    case existing
    /// Made if it is not there.
    case made
    /// Made, or emptied.
    case emptied

    fileprivate var flags: Int32 {
      switch self {
      case .existing: 0
      case .made: O_CREAT
      case .emptied: O_CREAT | O_TRUNC
      }
    }
  }

  /// Opens a file that the caller reads and writes in place. The descriptor is the caller's.
  package func openFile(_ name: String, _ opening: Opening) throws(PlatformError) -> Int32 {
    let fd = try open(name, O_RDWR | O_NONBLOCK | opening.flags)
    do {
      try Self.check(fd, file(name), kind: S_IFREG)
    } catch {
      close(fd)
      throw error
    }
    return fd
  }

  private func open(_ name: String, _ flags: Int32) throws(PlatformError) -> Int32 {
    let fd = unsafe openat(descriptor, name, flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard fd >= 0 else {
      switch errno {
      case ENOENT: throw .notFound(path: file(name))
      case ELOOP: throw .permission(file: file(name), reason: "a symbolic link")
      default: throw .system(operation: "open", file: file(name), number: errno)
      }
    }
    return fd
  }

  /// Throws `.permission` unless the open file is of this kind, this user's own, closed to others and known
  /// by one name only. Returns its size.
  @discardableResult
  private static func check(_ fd: Int32, _ file: String, kind: mode_t) throws(PlatformError) -> Int {
    var facts = stat()
    guard unsafe fstat(fd, &facts) == 0 else {
      throw .system(operation: "inspect", file: file, number: errno)
    }
    guard facts.st_mode & S_IFMT == kind else { throw .permission(file: file, reason: "of another kind") }
    guard facts.st_uid == geteuid() else { throw .permission(file: file, reason: "owned by another user") }
    guard facts.st_mode & 0o077 == 0 else {
      throw .permission(file: file, reason: "open to other users; mode 0600 (directories 0700) is needed")
    }
    guard kind != S_IFREG || facts.st_nlink <= 1 else {
      throw .permission(file: file, reason: "has a second name")
    }
    return Int(facts.st_size)
  }
}
