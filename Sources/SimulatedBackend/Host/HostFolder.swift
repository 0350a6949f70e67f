import CVMCore
import Glibc

/// The directory of one simulated host, and the removal of it.
///
/// | name        | content                                                |
/// |-------------|--------------------------------------------------------|
/// | `platform/` | the simulated AMD-SP (`PlatformDirectory`)             |
/// | `host.db`   | the host's domains (`DomainTable`)                     |
/// | `memory/`   | the memory of guests in a launch, as the host sees it  |
enum HostFolder {
  static let platform = "platform"
  static let database = "host.db"
  static let memory = "memory"

  /// Names that no host can have.
  static let draft = ".new"
  static let trash = ".deleted"

  /// Removes a directory and what is in it, three levels deep and no deeper: a host has no more. Links are
  /// removed, not followed. Absence is fine.
  static func remove(_ path: String) throws(BackendError) {
    try remove(AT_FDCWD, path, depth: 3)
  }

  private static func remove(_ parent: Int32, _ name: String, depth: Int) throws(BackendError) {
    let descriptor = unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == ENOENT else { throw failure(name) }
      return
    }
    for entry in try entries(descriptor, name) {
      if unsafe unlinkat(descriptor, entry, 0) == 0 || errno == ENOENT { continue }
      guard errno == EISDIR, depth > 1 else {
        close(descriptor)
        throw failure(entry)
      }
      do { try remove(descriptor, entry, depth: depth - 1) } catch {
        close(descriptor)
        throw error
      }
    }
    close(descriptor)
    guard unsafe unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw failure(name) }
  }

  /// The names inside an open directory, which stays open.
  private static func entries(_ descriptor: Int32, _ name: String) throws(BackendError) -> [String] {
    let second = dup(descriptor)
    guard second >= 0, let stream = unsafe fdopendir(second) else { throw failure(name) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let text = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if text != "." && text != ".." { names.append(text) }
    }
    return names
  }

  private static func failure(_ name: String) -> BackendError {
    .failed(operation: "removing '\(name)'", reason: SystemText.of(errno))
  }
}

/// The system's words for an error number.
enum SystemText {
  static func of(_ number: Int32) -> String {
    unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
  }
}
