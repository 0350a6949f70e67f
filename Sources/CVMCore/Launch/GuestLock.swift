import Glibc
import StateStore

/// One launch of a guest, and one change of definitions, at a time: locks that the kernel releases when their holder ends, however
/// it ends.
final class GuestLock {
  private var descriptor: Int32

  /// For a launch. Throws `.conflict` while another process launches the guest.
  init(_ uuid: GuestUUID, directory: String) throws(CoreError) {
    descriptor = try Self.open(uuid.rawValue, directory)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      release()
      throw .conflict("another process is launching this guest")
    }
  }

  /// For what changes host and store one after the other: both have to agree on who was last. Waits for its turn.
  init(definitionsIn directory: String, within seconds: Int) throws(CoreError) {
    let name = "definitions"
    descriptor = try Self.open(name, directory)
    let clock = ContinuousClock()
    let start = clock.now
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard clock.now - start < .seconds(seconds) else {
        release()
        throw .store(.locked(path: "\(directory)/locks/\(name)", waited: .seconds(seconds)))
      }
      usleep(1000)
    }
  }

  func release() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  deinit { release() }

  private static func open(_ name: String, _ directory: String) throws(CoreError) -> Int32 {
    let folder = directory + "/locks"
    if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw .file(path: folder, .unwritable(errno: errno))
    }
    let path = folder + "/" + name
    let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .file(path: path, .unwritable(errno: errno)) }
    return descriptor
  }
}
