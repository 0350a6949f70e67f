import Glibc

/// A directory that only this user can read and change, held by a descriptor: what its checks found stays
/// true.
///
/// Refused: a directory that is a symbolic link, belongs to somebody else, or is open to group or others; and
/// a parent that others can change, unless it is sticky as `/tmp` (they could put another directory in its
/// place). The owner of a parent is trusted.
package final class PrivateDirectory: Sendable {
  /// The path without symbolic links.
  package let path: String
  private let descriptor: CInt

  /// Opens the directory; `create` makes it, and missing parents, with mode 0700.
  package init(_ path: String, create: Bool) throws(StoreError) {
    let path = Self.withoutTrailingSlashes(path)
    if create { try Self.make(path) }
    let descriptor = try Self.open(path)
    do {
      try Self.check(try Self.status(of: descriptor, path), path)
      self.path = try Self.realPath(path, of: descriptor)
      try Self.checkParents(of: self.path)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  /// The directory `name` inside this one.
  package func directory(_ name: String, create: Bool) throws(StoreError) -> PrivateDirectory {
    try PrivateDirectory(path + "/" + name, create: create)
  }

  deinit { close(descriptor) }

  /// The path of a file in it.
  package func path(of name: String) -> String { path + "/" + name }

  /// For calls of the `…at` family.
  func withDescriptor<R, E: Error>(_ body: (CInt) throws(E) -> R) throws(E) -> R { try body(descriptor) }
}

extension PrivateDirectory {
  /// With a slash at its end a symbolic link would be followed.
  private static func withoutTrailingSlashes(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
  }

  private static func make(_ path: String) throws(StoreError) {
    guard unsafe mkdir(path, 0o700) != 0 else {
      unsafe chmod(path, 0o700)  // whatever the umask took away; the check below does not trust this call
      return
    }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      try make(String(path[..<slash]))
      if unsafe mkdir(path, 0o700) == 0 { return }
    }
    guard errno == EEXIST else { throw .fromSystem(path) }
  }

  private static func open(_ path: String) throws(StoreError) -> CInt {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: throw .absent(path: path)
      case ELOOP: throw .permission(path: path, reason: "is a symbolic link", remedy: nil)
      case ENOTDIR: throw .permission(path: path, reason: "is not a directory", remedy: nil)
      default: throw .fromSystem(path)
      }
    }
    return descriptor
  }

  private static func status(of descriptor: CInt, _ path: String) throws(StoreError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .fromSystem(path) }
    return status
  }

  private static func check(_ status: stat, _ path: String) throws(StoreError) {
    guard status.st_uid == geteuid() else {
      throw .permission(
        path: path, reason: "belongs to user \(status.st_uid), not to \(geteuid())", remedy: nil)
    }
    guard status.st_mode & 0o077 == 0 else {
      throw .permission(path: path, reason: "is open to other users", remedy: "chmod 700 \(path)")
    }
  }

  /// The resolved path, which must lead to what the descriptor holds.
  private static func realPath(_ path: String, of descriptor: CInt) throws(StoreError) -> String {
    guard let resolved = unsafe realpath(path, nil) else { throw .fromSystem(path) }
    defer { unsafe free(resolved) }
    let real = unsafe String(cString: resolved)
    var found = stat()
    guard unsafe lstat(real, &found) == 0 else { throw .fromSystem(path) }
    let held = try status(of: descriptor, path)
    guard found.st_ino == held.st_ino, found.st_dev == held.st_dev else {
      throw .permission(path: path, reason: "changed while it was opened", remedy: nil)
    }
    return real
  }

  private static func checkParents(of path: String) throws(StoreError) {
    var parent = path[...]
    while let slash = parent.lastIndex(of: "/") {
      parent = parent[..<slash]
      let name = parent.isEmpty ? "/" : String(parent)
      var status = stat()
      guard unsafe lstat(name, &status) == 0 else { throw .fromSystem(name) }
      guard status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0 else {
        throw .permission(
          path: name, reason: "other users can change this parent of the state directory",
          remedy: "chmod go-w \(name)")
      }
    }
  }
}

extension StoreError {
  /// The error that `errno` holds for a file or directory.
  static func fromSystem(_ path: String) -> StoreError {
    let code = errno
    let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    switch code {
    case EACCES, EPERM, ELOOP: return .permission(path: path, reason: reason, remedy: nil)
    case ENOSPC, EDQUOT, EROFS, EIO: return .unwritable(file: path, reason: reason)
    case ENOENT: return .absent(path: path)
    default: return .unreachable(path: path, reason: reason)
    }
  }
}
