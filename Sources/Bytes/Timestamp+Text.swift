/// RFC 3339 text of a moment.
extension Timestamp: CustomStringConvertible {
  /// `2026-11-24T22:15:00.123Z`: always UTC, always milliseconds (rounded down), so that texts sort as
  /// moments do.
  package var description: String {
    let (day, time) = Self.divided(Self.divided(microseconds, by: 1000).quotient, by: 86_400_000)
    let date = Self.date(ofDay: day)
    let clock = [time / 3_600_000, time / 60_000 % 60, time / 1000 % 60].map { Self.padded($0, 2) }
    return "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))-\(Self.padded(date.day, 2))"
      + "T\(clock[0]):\(clock[1]):\(clock[2]).\(Self.padded(time % 1000, 3))Z"
  }

  /// A date-time of RFC 3339, section 5.6: any offset, any number of digits after the second's point, `T` and
  /// `Z` in either case. A leap second is the second after it. Nil for anything else and outside the years
  /// 0001 to 9999.
  package init?(_ text: String) {
    var reader = TimestampReader(text)
    guard let microseconds = reader.dateTime() else { return nil }
    self.init(microseconds: microseconds)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// The date of a day counted from 1970-01-01, in the Gregorian calendar: eras of 400 years, years that
  /// begin in March so that the leap day comes last.
  static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = divided(day + 719_468, by: 146_097)
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let isAfterNewYear = month >= 10
    return (
      era * 400 + year + (isAfterNewYear ? 1 : 0), isAfterNewYear ? month - 9 : month + 3,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  /// The inverse of `date(ofDay:)`.
  static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = divided(shifted, by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

/// Reads one date-time, front to back.
private struct TimestampReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  mutating func dateTime() -> Int64? {
    guard let year = number(4), year >= 1, take("-"), let month = number(2), (1...12).contains(month),
      take("-"),
      let day = number(2), (1...Self.days(year, month)).contains(day), take("T") || take("t"),
      let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60, take(":"),
      let second = number(2), second <= 60, let fraction = fraction(), let offset = offset(), rest.isEmpty
    else { return nil }
    let days = Timestamp.day(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    return seconds * 1_000_000 + fraction
  }

  private static func days(_ year: Int64, _ month: Int64) -> Int64 {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return switch month {
    case 2: isLeap ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func digit() -> Int64? {
    guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
    rest.removeFirst()
    return Int64(byte - 0x30)
  }

  private mutating func number(_ digits: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// Microseconds after the point; 0 without a point.
  private mutating func fraction() -> Int64? {
    guard take(".") else { return 0 }
    guard var value = digit() else { return nil }
    var digits = 1
    while let digit = digit() {
      if digits < 6 { value = value * 10 + digit }
      digits += 1
    }
    for _ in digits..<max(6, digits) { value *= 10 }
    return value
  }

  /// Seconds east of UTC.
  private mutating func offset() -> Int64? {
    if take("Z") || take("z") { return 0 }
    let isWest = take("-")
    guard isWest || take("+"), let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60
    else {
      return nil
    }
    return (hour * 3600 + minute * 60) * (isWest ? -1 : 1)
  }
}
