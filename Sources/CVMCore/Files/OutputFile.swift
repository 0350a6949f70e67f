package import CVMCrypto
import CLinux
import Glibc

/// Files that a command writes: whole or not at all, never over something that stands there.
package enum OutputFile {
  /// Writes a new file (0600 unless `mode` says else) by a temporary file, `fsync` and a rename that does not replace.
  package static func create(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(CoreError) {
    try create(path, mode: mode) { descriptor in
      unsafe bytes.withUnsafeBytes { unsafe writeAll(descriptor, $0) }
    }
  }

  /// As `create(_:_:mode:)` for a secret: mode 0600.
  package static func create(_ path: String, secret: SecretBytes) throws(CoreError) {
    try create(path, mode: 0o600) { descriptor in
      secret.withBytes { unsafe writeAll(descriptor, $0) }
    }
  }

  /// Writes a secret to `draft`, whose name says that it does not count yet.
  package static func draft(_ draft: String, secret: SecretBytes) throws(CoreError) {
    let problem = written(draft, 0o600) { descriptor in secret.withBytes { unsafe writeAll(descriptor, $0) } }
    guard problem == 0 else {
      throw .file(path: draft, problem == EEXIST ? .exists : .unwritable(errno: problem))
    }
  }

  /// Gives a draft its name for good. Throws where the name is taken: the draft then stays.
  package static func publish(_ draft: String, as path: String) throws(CoreError) {
    guard unsafe cvm_rename_noreplace(draft, path) == 0 else {
      throw .file(path: path, errno == EEXIST ? .exists : .unwritable(errno: errno))
    }
  }

  /// Throws where `path` is taken: a command that writes several files asks before it begins.
  package static func requireAbsent(_ path: String) throws(CoreError) {
    var status = stat()
    if unsafe lstat(path, &status) == 0 { throw .file(path: path, .exists) }
  }

  /// Makes a directory that only its owner can enter, where there is none.
  package static func makeDirectory(_ path: String) throws(CoreError) {
    if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
      throw .file(path: path, .unwritable(errno: errno))
    }
  }

  /// As `create(_:_:mode:)` for what `write` puts into the descriptor; it returns the errno of what failed, or 0.
  static func create(_ path: String, mode: UInt32, _ write: (Int32) -> Int32) throws(CoreError) {
    let temporary = "\(path).\(getpid()).new"
    let problem = written(temporary, mode, write)
    guard problem == 0 else { throw .file(path: path, .unwritable(errno: problem)) }
    do { try publish(temporary, as: path) } catch {
      unsafe unlink(temporary)
      throw error
    }
  }

  /// 0 for a new file that is on disk, or the errno of what failed; then there is none.
  static func written(_ path: String, _ mode: UInt32, _ write: (Int32) -> Int32) -> Int32 {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { return errno }
    var problem = write(descriptor)
    if problem == 0, fsync(descriptor) != 0 { problem = errno }
    close(descriptor)
    if problem != 0 { unsafe unlink(path) }
    return problem
  }

  /// 0, or the errno of the write that failed.
  static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let count = unsafe Glibc.write(
        descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      offset += count
    }
    return 0
  }
}
