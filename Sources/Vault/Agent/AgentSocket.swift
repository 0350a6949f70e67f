import CLinux
import CVMCrypto
import Glibc

/// A connected unix socket, with a time limit for everything that is read or written. Closed at the end of its life.
struct AgentSocket: ~Copyable {
  private let number: Int32

  init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// Whether who is at the other end is this user, or root.
  var isTrusted: Bool { peer.map { $0.uid == geteuid() || $0.uid == 0 } ?? false }

  var peer: (pid: Int32, uid: UInt32)? {
    var (pid, uid, gid): (Int32, UInt32, UInt32) = (0, 0, 0)
    guard unsafe cvm_peer(number, &pid, &uid, &gid) == 0 else { return nil }
    return (pid, uid)
  }

  /// Exactly `count` bytes within the limit; nil otherwise.
  func receive(_ count: Int, within milliseconds: Int64) -> SecretBytes? {
    let limit = AgentClock.now() + milliseconds
    var done = 0
    let bytes = SecretBytes.filled(count) { target in
      while done < count {
        let got = unsafe recv(
          number, target.baseAddress?.advanced(by: done), count - done,
          Int32(truncatingIfNeeded: MSG_DONTWAIT))
        if got > 0 {
          done += got
        } else if got == 0 || (errno != EAGAIN && errno != EINTR) || !wait(POLLIN, until: limit) {
          return
        }
      }
    }
    return done == count ? bytes : nil
  }

  /// Whether all bytes went out within the limit.
  func send(_ bytes: SecretBytes, within milliseconds: Int64) -> Bool {
    let limit = AgentClock.now() + milliseconds
    return bytes.withBytes { source in
      var done = 0
      while done < source.count {
        let sent = unsafe cvm_send_bytes(number, source, done)
        if sent > 0 {
          done += sent
        } else if (errno != EAGAIN && errno != EINTR) || !wait(POLLOUT, until: limit) {
          return false
        }
      }
      return true
    }
  }

  private func cvm_send_bytes(_ number: Int32, _ source: UnsafeRawBufferPointer, _ done: Int) -> Int {
    guard let start = unsafe source.baseAddress?.advanced(by: done) else { return 0 }
    return unsafe cvm_send(number, start, source.count - done, nil, 0)
  }

  private func wait(_ events: Int32, until limit: Int64) -> Bool {
    let left = limit - AgentClock.now()
    guard left > 0 else { return false }
    var entry = pollfd(fd: number, events: Int16(truncatingIfNeeded: events), revents: 0)
    return unsafe poll(&entry, 1, Int32(clamping: left)) > 0 || errno == EINTR
  }
}

/// The clocks of the agent, in milliseconds.
enum AgentClock {
  /// Stands still while the machine is suspended.
  static func now() -> Int64 { read(CLOCK_MONOTONIC) }

  /// How long the machine was suspended since it started.
  static func suspended() -> Int64 { read(CLOCK_BOOTTIME) - read(CLOCK_MONOTONIC) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
