/// A moment in UTC, to the microsecond, of the years 0001 to 9999: what RFC 3339 can write. Leap seconds do
/// not exist here, as in POSIX time.
package struct Timestamp: Hashable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z.
  package let microseconds: Int64

  /// 1970-01-01T00:00:00Z.
  package static let epoch = Timestamp()

  private init() { microseconds = 0 }

  /// Nil outside the years 0001 to 9999.
  package init?(microseconds: Int64) {
    guard Self.range.contains(microseconds) else { return nil }
    self.microseconds = microseconds
  }

  /// `nanoseconds` (0 ..< 10^9) are cut to microseconds. Nil outside the years 0001 to 9999.
  package init?(seconds: Int64, nanoseconds: Int = 0) {
    guard (0..<1_000_000_000).contains(nanoseconds) else { return nil }
    let (whole, tooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000)
    guard !tooLarge, Self.range.contains(whole) else { return nil }
    microseconds = whole + Int64(nanoseconds / 1000)
  }

  /// Whole seconds since 1970, rounded down.
  package var seconds: Int64 { Self.divided(microseconds, by: 1_000_000).quotient }

  /// Nanoseconds of the second, a multiple of 1000.
  package var nanoseconds: Int { Int(Self.divided(microseconds, by: 1_000_000).remainder) * 1000 }

  /// The day counted from 1970-01-01 of a moment in microseconds, and the microseconds of that day.
  package static func dayAndTime(_ microseconds: Int64) -> (day: Int64, time: Int64) {
    let (day, time) = divided(microseconds, by: 86_400_000_000)
    return (day, time)
  }

  private static let range: Range<Int64> = -62_135_596_800_000_000..<253_402_300_800_000_000

  static func divided(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension Timestamp: Comparable {
  package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
}

extension Timestamp {
  /// Seconds from `earlier` to this moment; negative if that one is later.
  package func seconds(since earlier: Timestamp) -> Double {
    Double(microseconds - earlier.microseconds) / 1_000_000
  }
}
