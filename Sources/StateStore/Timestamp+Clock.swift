package import Bytes
import Glibc

extension Timestamp {
  /// The machine's clock. For programs and tests: everything below them takes its time as an argument.
  package static func now() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec)) ?? epoch
  }
}
