/// `key=value` labels of a guest.
package enum GuestLabels {
  /// Throws unless `key` is 1 to 63 letters, digits, `-`, `_`, `.`, `/` and `value` is at most 255 bytes of plain text.
  package static func check(_ key: String, _ value: String) throws(GuestDefinitionProblem) {
    let isKey = key.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "/"):
        true
      default: false
      }
    }
    guard isKey, (1...63).contains(key.utf8.count) else {
      throw GuestDefinitionProblem("a label's key is 1 to 63 letters, digits, '-', '_', '.' or '/'")
    }
    guard value.utf8.count <= 255, !value.unicodeScalars.contains(where: PlainText.isForbidden) else {
      throw GuestDefinitionProblem("label '\(key)': the value is too long or has a control character")
    }
  }

  /// Reads `key=value`.
  package static func parse(_ text: String) throws(GuestDefinitionProblem) -> (key: String, value: String) {
    guard let equals = text.firstIndex(of: "=") else { throw GuestDefinitionProblem("a label is KEY=VALUE") }
    let key = String(text[..<equals])
    let value = String(text[text.index(after: equals)...])
    try check(key, value)
    return (key, value)
  }
}
