/// Writes JSON (RFC 8259) that can be shown on a terminal: controls, line separators and direction marks are
/// escaped.
package enum JSONText {
  /// `pretty`: two spaces a level and one member a line; else one line without blanks. No newline at the end.
  /// Throws for NaN and infinities.
  package static func emit(_ value: Value, pretty: Bool = true) throws(DocumentError) -> String {
    var writer = JSONWriter(pretty: pretty)
    try writer.write(value, level: 0)
    return String(decoding: writer.output, as: UTF8.self)
  }
}

private struct JSONWriter {
  let pretty: Bool
  private(set) var output: [UInt8] = []

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: Value, level: Int) throws(DocumentError) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .integer(let value): append(value.description)
    case .unsigned(let value): append(value.description)
    case .number(let value):
      guard value.isFinite else { throw DocumentError(.number, "JSON has no number \(value)") }
      append(value.description)
    case .string(let text): quote(text)
    case .array(let elements): try write(elements, level: level)
    case .object(let members): try write(members, level: level)
    }
  }

  private mutating func write(_ elements: [Value], level: Int) throws(DocumentError) {
    guard !elements.isEmpty else { return append("[]") }
    for (index, element) in elements.enumerated() {
      append(index == 0 ? "[" : ",")
      newline(level + 1)
      try write(element, level: level + 1)
    }
    newline(level)
    append("]")
  }

  private mutating func write(_ members: [Value.Member], level: Int) throws(DocumentError) {
    guard !members.isEmpty else { return append("{}") }
    for (index, member) in members.enumerated() {
      append(index == 0 ? "{" : ",")
      newline(level + 1)
      quote(member.key)
      append(pretty ? ": " : ":")
      try write(member.value, level: level + 1)
    }
    newline(level)
    append("}")
  }

  private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

  private mutating func newline(_ level: Int) {
    guard pretty else { return }
    output.append(UInt8(ascii: "\n"))
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
  }

  private mutating func quote(_ text: String) {
    output.append(UInt8(ascii: "\""))
    if text.utf8.allSatisfy(Self.isPlain) { append(text) } else { escape(text) }
    output.append(UInt8(ascii: "\""))
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private mutating func escape(_ text: String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n": append("\\n")
      case "\r": append("\\r")
      case "\t": append("\\t")
      case _ where UnsafeText.isUnsafe(scalar):
        let digits = String(scalar.value, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
      default: output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
  }
}
