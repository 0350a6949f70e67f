import Bytes

/// What a plain scalar means in YAML 1.2's core schema (YAML 1.2.2, section 10.3.2). Quoted scalars are
/// always text.
enum YAMLScalar {
  /// Nil for an integer or a number that 64 bits do not hold.
  static func resolve(_ text: String) -> Value? {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    default: break
    }
    let bytes = Array(text.utf8)
    if let digits = based(bytes, "x", isHex) { return unsigned(digits, radix: 16) }
    if let digits = based(bytes, "o", { (0x30...0x37).contains($0) }) { return unsigned(digits, radix: 8) }
    return number(text, bytes)
  }

  private static func based(_ bytes: [UInt8], _ mark: Unicode.Scalar, _ isDigit: (UInt8) -> Bool) -> String? {
    guard bytes.count > 2, bytes[0] == 0x30, bytes[1] == UInt8(ascii: mark) else { return nil }
    guard bytes[2...].allSatisfy(isDigit) else { return nil }
    return String(decoding: bytes[2...], as: UTF8.self)
  }

  private static func isHex(_ byte: UInt8) -> Bool { Hex.decode("0" + String(Unicode.Scalar(byte))) != nil }

  private static func unsigned(_ digits: String, radix: Int) -> Value? {
    UInt64(digits, radix: radix).map { Value($0) }
  }

  /// `[-+]?[0-9]+`, or `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, or `[-+]?\.(inf|Inf|INF)`; else
  /// text.
  private static func number(_ text: String, _ bytes: [UInt8]) -> Value? {
    var rest = bytes[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    if [".inf", ".Inf", ".INF"].contains(where: { rest.elementsEqual($0.utf8) }) {
      return .number(isNegative ? -.infinity : .infinity)
    }
    switch form(rest) {
    case .text: return .string(text)
    case .integer:
      if let value = Int64(text) { return .integer(value) }
      return UInt64(text).map { Value($0) }
    case .number:
      // Swift reads neither a leading nor a trailing point.
      let digits = String(decoding: rest, as: UTF8.self)
      let whole = digits.hasPrefix(".") ? "0" + digits : digits
      let parts = whole.split(separator: ".", omittingEmptySubsequences: false)
      let fraction = parts.count == 2 && !(parts[1].utf8.first.map(isDigit) ?? false) ? "0" + parts[1] : nil
      let plain = fraction.map { parts[0] + "." + $0 } ?? whole
      guard let value = Double(plain), value.isFinite else { return nil }
      return .number(isNegative ? -value : value)
    }
  }

  private enum Form { case text, integer, number }

  private static func form(_ unsigned: ArraySlice<UInt8>) -> Form {
    var rest = unsigned
    let whole = dropDigits(&rest)
    var fraction = 0
    var isNumber = false
    if rest.first == UInt8(ascii: ".") {
      isNumber = true
      rest.removeFirst()
      fraction = dropDigits(&rest)
    }
    guard whole + fraction > 0 else { return .text }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      isNumber = true
      rest.removeFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
      guard dropDigits(&rest) > 0 else { return .text }
    }
    guard rest.isEmpty else { return .text }
    return isNumber ? .number : .integer
  }

  private static func dropDigits(_ bytes: inout ArraySlice<UInt8>) -> Int {
    let before = bytes.count
    bytes = bytes.drop(while: isDigit)
    return before - bytes.count
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
