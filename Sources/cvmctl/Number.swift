/// Numbers on the command line: decimal, or hexadecimal after `0x`.
enum Number {
  static func unsigned<T: FixedWidthInteger & UnsignedInteger>(
    _ text: String, _ option: String, as _: T.Type = T.self
  ) throws -> T {
    let value =
      text.hasPrefix("0x") || text.hasPrefix("0X")
      ? T(text.dropFirst(2), radix: 16) : T(text)
    guard let value, !text.contains("+") else {
      throw UsageError("\(option): '\(text)' is not a number between 0 and \(T.max)")
    }
    return value
  }
}
