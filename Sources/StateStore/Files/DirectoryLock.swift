import Glibc

extension PrivateDirectory {
  /// Runs `body` while no other holder of this directory's lock does, in any process or thread: for what has
  /// to be done once, as making a file. The kernel gives the lock back when its holder dies.
  package func exclusively<R, E: StoreFailure>(
    within limit: Duration, _ body: () throws(E) -> R
  ) throws(E) -> R {
    let file = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard file >= 0 else { throw E(.fromSystem(path)) }
    defer { close(file) }  // and with it the lock
    let clock = ContinuousClock()
    let start = clock.now
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw E(.fromSystem(path)) }
      let waited = clock.now - start
      guard waited < limit else { throw E(.locked(path: path, waited: waited)) }
      usleep(1000)
    }
    return try body()
  }
}
