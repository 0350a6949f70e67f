/// Why a text is no policy. The texts inside come from the caller.
package enum PolicyTextError: Error, Equatable, Sendable {
  case empty
  /// Looks like a number, but has other characters in it.
  case notANumber(String)
  /// A number that does not fit the policy's width in bits.
  case tooLarge(String, bits: Int)
  case unknownName(String, known: [String])
  case repeatedName(String)

  package var summary: String {
    switch self {
    case .empty: "an empty policy"
    case .notANumber(let text): "policy '\(text)' is not a number"
    case .tooLarge(let text, let bits): "policy '\(text)' does not fit \(bits) bits"
    case .unknownName(let name, _): "unknown policy flag '\(name)'"
    case .repeatedName(let name): "policy flag '\(name)' is given twice"
    }
  }

  package var hint: String? {
    switch self {
    case .unknownName(_, let known): "flags: " + known.joined(separator: ", ")
    case .empty, .notANumber: "give a number (0x5, 5) or flags (NODBG,ES)"
    case .tooLarge, .repeatedName: nil
    }
  }
}

/// Reads a policy as people write it: `0x5`, `5`, or AMD's names joined by comma, plus or bar, in either
/// case.
enum PolicyText {
  /// The value, and whether it was written by names.
  static func parse(
    _ text: String, width: Int, table: [PolicyBit]
  ) throws(PolicyTextError) -> (value: UInt64, named: Bool) {
    guard let first = text.utf8.first else { throw .empty }
    if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) { return (try number(text, width), false) }
    return (try names(text, table), true)
  }

  private static func number(_ text: String, _ width: Int) throws(PolicyTextError) -> UInt64 {
    let isHex = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = isHex ? text.dropFirst(2) : text[...]
    let radix: UInt8 = isHex ? 16 : 10
    guard !digits.isEmpty, digits.utf8.allSatisfy({ isDigit($0, radix) }) else { throw .notANumber(text) }
    guard let value = UInt64(digits, radix: Int(radix)), width == 64 || value >> UInt64(width) == 0 else {
      throw .tooLarge(text, bits: width)
    }
    return value
  }

  private static func isDigit(_ character: UInt8, _ radix: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
    default: false
    }
  }

  private static func names(_ text: String, _ table: [PolicyBit]) throws(PolicyTextError) -> UInt64 {
    var value: UInt64 = 0
    for part in text.split(omittingEmptySubsequences: false, whereSeparator: { ",+|".contains($0) }) {
      let name = part.uppercased()
      guard let row = table.first(where: { $0.name == name }) else {
        throw .unknownName(String(part), known: table.map(\.name))
      }
      guard value >> UInt64(row.bit) & 1 == 0 else { throw .repeatedName(name) }
      value |= 1 << UInt64(row.bit)
    }
    return value
  }
}
