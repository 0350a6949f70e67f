/// Numbers, sizes and switches as QEMU's command line spells them.
enum QEMUNumber {
  /// Decimal, `0x…` or octal with a leading zero.
  static func unsigned(_ text: String) -> UInt64? {
    if text.hasPrefix("0x") || text.hasPrefix("0X") { return digits(text.dropFirst(2), radix: 16) }
    return text.count > 1 && text.hasPrefix("0")
      ? digits(text.dropFirst(), radix: 8) : digits(Substring(text), radix: 10)
  }

  /// A whole number with an optional suffix B, K, M, G or T; `unit` is that of a bare number, in bytes.
  static func size(_ text: String, unit: UInt64 = 1) -> UInt64? {
    guard let last = text.utf8.last else { return nil }
    guard let factor = suffixes[last | 0x20] else { return product(unsigned(text), unit) }
    if text.hasPrefix("0x"), last | 0x20 == UInt8(ascii: "b") { return product(unsigned(text), unit) }
    return product(unsigned(String(text.dropLast())), factor)
  }

  static func flag(_ text: String) -> Bool? {
    switch text {
    case "on", "yes", "true", "y": true
    case "off", "no", "false", "n": false
    default: nil
    }
  }

  private static let suffixes: [UInt8: UInt64] = [
    UInt8(ascii: "b"): 1, UInt8(ascii: "k"): 1 << 10, UInt8(ascii: "m"): 1 << 20, UInt8(ascii: "g"): 1 << 30,
    UInt8(ascii: "t"): 1 << 40,
  ]

  private static func digits(_ text: Substring, radix: Int) -> UInt64? {
    // The standard initializer also takes a sign.
    guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
      return nil
    }
    return UInt64(text, radix: radix)
  }

  private static func product(_ value: UInt64?, _ factor: UInt64) -> UInt64? {
    guard let value else { return nil }
    let (result, overflow) = value.multipliedReportingOverflow(by: factor)
    return overflow ? nil : result
  }
}
