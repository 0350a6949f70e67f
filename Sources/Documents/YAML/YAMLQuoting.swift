/// Text as a YAML scalar: plain where no reader can mistake it, else in double quotes.
enum YAMLQuoting {
  static func quote(_ text: String) -> String { isPlain(text) ? text : "\"" + escape(text) + "\"" }

  /// Deliberately few texts: those that begin with a letter, `/` or `_`, go on with letters, digits and `_ .
  /// / - + @ %` and inner blanks, and are no word of YAML 1.1 or 1.2. Numbers and dates begin with other
  /// characters.
  static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first,
      isLetter(first) || first == UInt8(ascii: "/") || first == UInt8(ascii: "_")
    else { return false }
    guard text.utf8.allSatisfy(isPlain), !text.hasSuffix(" "), text.utf8.count <= 128 else { return false }
    return !words.contains(text.lowercased())
  }

  private static let words: Set<String> = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
  ]

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    isLetter(byte) || (0x30...0x39).contains(byte) || "_./-+@% ".utf8.contains(byte)
  }

  /// The escapes of YAML 1.2.2, section 5.7; the rest of `UnsafeText`, and whatever YAML does not count as
  /// printable.
  private static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": escaped += "\\\""
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\r": escaped += "\\r"
      case "\t": escaped += "\\t"
      case _ where UnsafeText.isUnsafe(scalar) || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
        let digits = String(scalar.value, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
