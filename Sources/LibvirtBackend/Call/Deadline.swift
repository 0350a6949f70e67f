internal import Glibc

/// A moment on the clock that no administrator sets (CLOCK_MONOTONIC), in nanoseconds.
struct Deadline: Comparable, Sendable {
  private let nanoseconds: Int64

  private init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  static var now: Deadline {
    var time = Glibc.timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Deadline(nanoseconds: Int64(time.tv_sec) * second + Int64(time.tv_nsec))
  }

  static func after(milliseconds: Int) -> Deadline { now.adding(milliseconds: milliseconds) }

  static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

  func adding(milliseconds: Int) -> Deadline {
    Deadline(nanoseconds: nanoseconds + Int64(milliseconds) * 1_000_000)
  }

  var isOver: Bool { self <= Self.now }

  /// For `pthread_cond_timedwait`.
  var timespec: Glibc.timespec {
    Glibc.timespec(tv_sec: Int(nanoseconds / Self.second), tv_nsec: Int(nanoseconds % Self.second))
  }

  /// Rounded up, for `poll`; 0 once it is over.
  var millisecondsLeft: Int32 {
    let left = max(nanoseconds - Self.now.nanoseconds, 0)
    return Int32(clamping: (left + 999_999) / 1_000_000)
  }

  private static let second: Int64 = 1_000_000_000
}
