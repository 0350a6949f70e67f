internal import Glibc

/// A state file that was read, held open: as long as it is, no other file can have its number. Owns the descriptor.
@safe final class KeptFile {
  private let descriptor: Int32
  private var facts = stat()

  init(owning descriptor: Int32) {
    self.descriptor = descriptor
    if unsafe fstat(descriptor, &facts) != 0 { facts.st_nlink = 0 }
  }

  deinit { close(descriptor) }

  /// Whether this is what `fstat` says of the same file, unchanged. What was replaced has another number, what was
  /// written to in place another time or size.
  func isSame(_ other: stat) -> Bool {
    facts.st_nlink == 1 && other.st_nlink == 1 && facts.st_ino == other.st_ino && facts.st_dev == other.st_dev
      && facts.st_size == other.st_size && facts.st_mode == other.st_mode && facts.st_uid == other.st_uid
      && facts.st_mtim == other.st_mtim && facts.st_ctim == other.st_ctim
  }
}

private func == (one: timespec, other: timespec) -> Bool {
  one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec
}
