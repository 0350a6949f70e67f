import Glibc

/// poll(2).
enum Poll {
  struct Interest {
    let descriptor: Descriptor
    let events: Int16

    init(_ descriptor: Descriptor, events: Int16) {
      self.descriptor = descriptor
      self.events = events
    }

    init(_ descriptor: Descriptor, read: Bool, write: Bool) {
      self.init(descriptor, events: Int16(read ? POLLIN : 0) | Int16(write ? POLLOUT : 0))
    }
  }

  /// What happened to each descriptor. One without interest is left out: poll would report its hang-up for ever.
  /// `timeout` in milliseconds, below 0 for none.
  static func wait(_ interest: [Interest], timeout: Int) -> [Int16] {
    var set = interest.map {
      pollfd(fd: $0.events == 0 ? -1 : $0.descriptor.number, events: $0.events, revents: 0)
    }
    let ready = unsafe poll(&set, nfds_t(set.count), Int32(clamping: timeout))
    return ready > 0 ? set.map(\.revents) : interest.map { _ in 0 }
  }

  static func hungUp(_ result: Int16) -> Bool { result & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 }
}

enum Clock {
  /// Of a clock that only goes forward.
  static func milliseconds() -> Int {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
  }
}
