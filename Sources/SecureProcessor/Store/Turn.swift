private import Glibc
private import Synchronization

/// The turn at a lock among this process's threads. The kernel has to be asked again and again for a lock with a time
/// limit; threads of one process wake each other instead.
@safe final class Turn: @unchecked Sendable {
  /// A binary semaphore: it may be given back by another thread than took it.
  private let semaphore: UnsafeMutablePointer<sem_t>

  /// One for each file, as long as the process lives.
  private static let known = Mutex<[String: Turn]>([:])

  static func at(_ file: String) -> Turn {
    known.withLock { known in
      if let turn = known[file] { return turn }
      let turn = Turn()
      known[file] = turn
      return turn
    }
  }

  private init() {
    unsafe semaphore = .allocate(capacity: 1)
    unsafe sem_init(semaphore, 0, 1)
  }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  /// Waits its turn; false where it did not come in time.
  func take(within seconds: Int) -> Bool {
    var end = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &end)
    end.tv_sec += max(0, min(seconds, 1 << 30))
    while unsafe sem_timedwait(semaphore, &end) != 0 {
      guard errno == EINTR else { return false }
    }
    return true
  }

  func give() { unsafe sem_post(semaphore) }
}
