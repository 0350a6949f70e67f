import Glibc
import Synchronization

extension PrivateLibvirtd {
  private static let instances = Mutex<[Emulator: PrivateLibvirtd]>([:])

  /// One instance for the whole test run: starting one and probing its emulators takes about two seconds. Tests that hurt the
  /// daemon make one of their own.
  package static func shared(_ emulator: Emulator = .wrapper) throws -> PrivateLibvirtd {
    try instances.withLock { instances in
      if let running = instances[emulator] { return running }
      if instances.isEmpty { atexit { PrivateLibvirtd.forgetShared() } }
      let fresh = try PrivateLibvirtd(emulator)
      instances[emulator] = fresh
      return fresh
    }
  }

  private static func forgetShared() { instances.withLock { $0 = [:] } }
}
