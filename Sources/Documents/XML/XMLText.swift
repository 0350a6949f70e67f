/// Writes XML as libvirt does: two spaces a level, attributes in single quotes, UTF-8, a newline at the end.
package enum XMLText {
  /// Reading the text gives `element` back, if its texts are neither empty nor side by side, and where white
  /// space alone stands only in elements without child elements. Throws for a name or a character that XML
  /// 1.0 cannot carry, for an attribute given twice, and beyond `limits.depth`: nothing is dropped or
  /// replaced.
  package static func serialize(
    _ element: XMLElement, limits: DocumentLimits = .standard
  ) throws(DocumentError) -> String {
    var writer = XMLWriter(limits: limits)
    try writer.write(element, level: 0, layout: true)
    writer.newline()
    return writer.output
  }
}

private struct XMLWriter {
  let limits: DocumentLimits
  private(set) var output = ""

  init(limits: DocumentLimits) { self.limits = limits }

  mutating func newline() { output += "\n" }

  /// `layout`: the element stands on lines of its own; inside mixed content it must not.
  mutating func write(_ element: XMLElement, level: Int, layout: Bool) throws(DocumentError) {
    guard level < limits.depth else { throw limits.tooDeep(line: 0, column: 0) }
    try open(element, level: layout ? level : 0)
    let content = element.children.filter { if case .text("") = $0 { false } else { true } }
    guard !content.isEmpty else {
      output += "/>"
      return
    }
    output += ">"
    let inside = layout && !content.contains { if case .text = $0 { true } else { false } }
    for child in content {
      if inside { newline() }
      switch child {
      case .element(let child): try write(child, level: level + 1, layout: inside)
      case .text(let text): try escape(text, inAttribute: false)
      }
    }
    if inside {
      newline()
      indent(level)
    }
    output += "</\(element.name)>"
  }

  private mutating func open(_ element: XMLElement, level: Int) throws(DocumentError) {
    try require(element.name)
    indent(level)
    output += "<" + element.name
    var names: Set<String> = []
    for attribute in element.attributes {
      try require(attribute.name)
      guard names.insert(attribute.name).inserted else {
        throw DocumentError(.duplicate, "attribute \(DocumentError.quoted(attribute.name)) stands twice")
      }
      output += " \(attribute.name)='"
      try escape(attribute.value, inAttribute: true)
      output += "'"
    }
  }

  private mutating func indent(_ level: Int) { output += String(repeating: "  ", count: level) }

  private func require(_ name: String) throws(DocumentError) {
    guard XMLCharacter.isName(name) else {
      throw DocumentError(.name, "\(DocumentError.quoted(name)) is not an XML name")
    }
  }

  /// Printable ASCII that is no markup anywhere.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""): false
    default: (0x20..<0x7F).contains(byte)
    }
  }

  private mutating func escape(_ text: String, inAttribute: Bool) throws(DocumentError) {
    // Most texts stay as they are, certificates in base64 among them.
    guard !text.utf8.allSatisfy(Self.isPlain) else {
      output += text
      return
    }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "'" where inAttribute: output += "&apos;"
      case "\"" where inAttribute: output += "&quot;"
      case "\r": output += "&#13;"  // a reader turns a bare one into a newline
      case "\n" where inAttribute: output += "&#10;"
      case "\t" where inAttribute: output += "&#9;"
      default:
        guard XMLCharacter.isAllowed(scalar) else {
          let code = String(scalar.value, radix: 16, uppercase: true)
          throw DocumentError(.character, "XML cannot carry the character U+\(code)")
        }
        output.unicodeScalars.append(scalar)
      }
    }
  }
}
