package import CVMCrypto
import Glibc

/// Files of the directory: regular, this user's own, with one name, closed to everybody else.
extension PrivateDirectory {
  /// Whether the file is there, after the checks.
  package func holds(_ name: String) throws(StoreError) -> Bool {
    var status = stat()
    let result = withDescriptor { unsafe fstatat($0, name, &status, AT_SYMLINK_NOFOLLOW) }
    if result != 0, errno == ENOENT { return false }
    guard result == 0 else { throw .fromSystem(path(of: name)) }
    // Found, and removed before it was looked at: whoever closes a database last removes its log.
    guard status.st_nlink > 0 else { return false }
    try check(status, name)
    return true
  }

  /// Makes an empty file unless there is one; opens nothing, so that no POSIX lock of this process on the
  /// file is lost.
  func make(_ name: String) throws(StoreError) {
    let result = withDescriptor { unsafe mknodat($0, name, S_IFREG | 0o600, 0) }
    if result == 0 { _ = withDescriptor { unsafe fchmodat($0, name, 0o600, 0) } }
    guard result == 0 || errno == EEXIST else { throw .fromSystem(path(of: name)) }
  }

  /// Whether a path leads to the file of that name in this directory.
  func isSame(_ name: String) -> Bool {
    var (held, found) = (stat(), stat())
    guard withDescriptor({ unsafe fstatat($0, name, &held, AT_SYMLINK_NOFOLLOW) }) == 0 else { return false }
    guard unsafe lstat(path(of: name), &found) == 0 else { return false }
    return held.st_ino == found.st_ino && held.st_dev == found.st_dev
  }

  /// Reads a whole file of at most `limit` bytes into locked memory. Nil if there is none.
  package func read(_ name: String, limit: Int) throws(StoreError) -> SecretBytes? {
    let file = withDescriptor { unsafe openat($0, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
    if file < 0, errno == ENOENT { return nil }
    guard file >= 0 else { throw .fromSystem(path(of: name)) }
    defer { close(file) }
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else { throw .fromSystem(path(of: name)) }
    try check(status, name)
    guard status.st_size <= limit else {
      throw .corrupt(file: path(of: name), reason: "\(status.st_size) bytes, at most \(limit) expected")
    }
    return try SecretBytes.filled(Int(status.st_size)) { target throws(StoreError) in
      try unsafe fill(target, from: file, name)
    }
  }

  /// Makes the file with this content, or throws `.exists`. It appears under its name only when it is whole
  /// and on disk; remains of an attempt that was killed are cleared away. Callers hold `lock`.
  package func create(_ name: String, _ content: SecretBytes) throws(StoreError) {
    guard try !holds(name) else { throw .exists(kind: "file", name: path(of: name)) }
    try replace(name, by: content)
  }

  /// Ends the name of a file that `replace` has not finished.
  package static let draftSuffix = ".new"

  /// As `create`, also where there is such a file: then the old one or the new one is there, whatever happens.
  package func replace(_ name: String, by content: SecretBytes) throws(StoreError) {
    let draft = name + Self.draftSuffix
    remove(draft)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let file = withDescriptor { unsafe Self.aboveStandard(openat($0, draft, flags, 0o600)) }
    guard file >= 0 else { throw .fromSystem(path(of: name)) }
    do throws(StoreError) {
      defer { close(file) }
      fchmod(file, 0o600)
      try write(content, to: file, name)
      guard fsync(file) == 0 else { throw StoreError.fromSystem(path(of: name)) }
      guard withDescriptor({ unsafe renameat($0, draft, $0, name) }) == 0, withDescriptor({ fsync($0) }) == 0
      else {
        throw StoreError.fromSystem(path(of: name))
      }
    } catch {
      _ = withDescriptor { unsafe unlinkat($0, draft, 0) }
      throw error
    }
  }

  /// Gives a file its name for good: on disk when it returns.
  package func rename(_ draft: String, to name: String) throws(StoreError) {
    guard withDescriptor({ unsafe renameat($0, draft, $0, name) }) == 0, withDescriptor({ fsync($0) }) == 0
    else {
      throw .fromSystem(path(of: name))
    }
  }

  /// The path of a socket in it. That of the descriptor where the plain one would not fit into an address.
  package func socketPath(of name: String) -> String {
    let plain = path(of: name)
    return plain.utf8.count < 108 ? plain : withDescriptor { "/proc/self/fd/\($0)/\(name)" }
  }

  /// The inode of whatever has that name, nil without one.
  package func inode(of name: String) -> UInt64? {
    var status = stat()
    guard withDescriptor({ unsafe fstatat($0, name, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else { return nil }
    return UInt64(status.st_ino)
  }

  /// Bytes of whatever has that name; 0 without one.
  func size(of name: String) -> Int {
    var status = stat()
    guard withDescriptor({ unsafe fstatat($0, name, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else { return 0 }
    return Int(status.st_size)
  }

  /// Removes a file if it is there.
  package func remove(_ name: String) { _ = withDescriptor { unsafe unlinkat($0, name, 0) } }

  private func check(_ status: stat, _ name: String) throws(StoreError) {
    let path = path(of: name)
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .permission(path: path, reason: "is not a regular file", remedy: nil)
    }
    guard status.st_uid == geteuid() else {
      throw .permission(
        path: path, reason: "belongs to user \(status.st_uid), not to \(geteuid())", remedy: nil)
    }
    guard status.st_mode & 0o077 == 0 else {
      throw .permission(path: path, reason: "is open to other users", remedy: "chmod 600 \(path)")
    }
    guard status.st_nlink == 1 else {
      throw .permission(path: path, reason: "has \(status.st_nlink) names (hard links)", remedy: nil)
    }
  }

  private func fill(
    _ target: UnsafeMutableRawBufferPointer, from file: CInt, _ name: String
  ) throws(StoreError) {
    var filled = 0
    while filled < target.count {
      let count = unsafe Glibc.read(file, target.baseAddress?.advanced(by: filled), target.count - filled)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .fromSystem(path(of: name)) }
      guard count > 0 else { throw .corrupt(file: path(of: name), reason: "it shrank while it was read") }
      filled += count
    }
  }

  private func write(_ content: SecretBytes, to file: CInt, _ name: String) throws(StoreError) {
    try content.withBytes { bytes throws(StoreError) in
      var written = 0
      while written < bytes.count {
        let count = unsafe Glibc.write(file, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw StoreError.fromSystem(path(of: name)) }
        written += count
      }
    }
  }

  /// A descriptor that is none of stdin, stdout and stderr: a program started without them must not print
  /// into the file.
  private static func aboveStandard(_ file: CInt) -> CInt {
    guard (0...2).contains(file) else { return file }
    let moved = fcntl(file, F_DUPFD_CLOEXEC, 3)
    let code = errno
    close(file)
    errno = code
    return moved
  }
}
