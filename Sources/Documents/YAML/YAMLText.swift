/// Writes YAML in block style, readable by YAML 1.2 and 1.1 readers alike.
package enum YAMLText {
  /// `value` with a newline at the end. Text is quoted wherever either version might take it for something
  /// else.
  package static func emit(_ value: Value) -> String {
    var writer = YAMLWriter()
    writer.write(value, level: 0, after: .start)
    return writer.output
  }
}

private struct YAMLWriter {
  /// What stands on the line already: nothing, a key with its colon, or a dash with its blank.
  enum Place { case start, key, dash }

  private(set) var output = ""

  mutating func write(_ value: Value, level: Int, after place: Place) {
    switch value {
    case .array(let elements) where !elements.isEmpty:
      if place == .key { output += "\n" }
      for (index, element) in elements.enumerated() {
        indent(level, skip: place == .dash && index == 0)
        output += "- "
        write(element, level: level + 1, after: .dash)
      }
    case .object(let members) where !members.isEmpty:
      if place == .key { output += "\n" }
      for (index, member) in members.enumerated() {
        indent(level, skip: place == .dash && index == 0)
        key(member.key, level: level)
        write(member.value, level: level + 1, after: .key)
      }
    default:
      output += (place == .key ? " " : "") + Self.scalar(value) + "\n"
    }
  }

  private mutating func indent(_ level: Int, skip: Bool) {
    if !skip { output += String(repeating: "  ", count: level) }
  }

  /// Readers look for the colon of a plain `key:` within 1024 characters only (YAML 1.2.2, section 7.4.2).
  private mutating func key(_ text: String, level: Int) {
    let key = YAMLQuoting.quote(text)
    guard key.utf8.count > 512 else {
      output += key + ":"
      return
    }
    output += "? " + key + "\n"
    indent(level, skip: false)
    output += ":"
  }

  private static func scalar(_ value: Value) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): value.description
    case .unsigned(let value): value.description
    case .number(let value): number(value)
    case .string(let text): YAMLQuoting.quote(text)
    case .array: "[]"
    case .object: "{}"
    }
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return ".nan" }
    if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
    let text = value.description
    // A YAML 1.1 reader takes `1e+20` for text: it wants the point.
    guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return text }
    return text[..<exponent] + ".0" + text[exponent...]
  }
}
