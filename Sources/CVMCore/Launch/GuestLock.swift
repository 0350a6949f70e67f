import Glibc

/// One launch of a guest at a time: a lock that the kernel releases when its holder ends, however it ends.
final class GuestLock {
  private var descriptor: Int32

  /// Throws `.conflict` while another process launches the guest.
  init(_ uuid: GuestUUID, directory: String) throws(CoreError) {
    let folder = directory + "/locks"
    if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw .file(path: folder, .unwritable(errno: errno))
    }
    let path = folder + "/" + uuid.rawValue
    descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .file(path: path, .unwritable(errno: errno)) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      descriptor = -1
      throw .conflict("another process is launching this guest")
    }
  }

  func release() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  deinit { release() }
}
