/// What a guest may be called: anything that a file, an XML document and a terminal carry exactly.
package enum GuestName {
  /// Returns `name`, or throws where it is empty, longer than 255 bytes, starts with a hyphen, or has a slash, a control or a
  /// bidirectional formatting character. XML and shell metacharacters are allowed: they are carried, never interpreted.
  package static func check(_ name: String) throws(GuestDefinitionProblem) -> String {
    guard !name.isEmpty else { throw GuestDefinitionProblem("the name is missing") }
    guard name.utf8.count <= 255 else { throw GuestDefinitionProblem("the name is longer than 255 bytes") }
    guard !name.hasPrefix("-") else { throw GuestDefinitionProblem("the name starts with a hyphen") }
    guard name != ".", name != "..", !name.contains("/") else {
      throw GuestDefinitionProblem("the name has a slash or is '.' or '..'")
    }
    guard !name.unicodeScalars.contains(where: PlainText.isForbidden) else {
      throw GuestDefinitionProblem("the name has a control or formatting character")
    }
    guard name.trimmingBlanks == name else {
      throw GuestDefinitionProblem("the name begins or ends with a blank")
    }
    return name
  }
}

/// Text that people type and others read: names, labels, paths, command lines.
package enum PlainText {
  /// Control characters, line separators and the characters that reorder or hide text around them.
  package static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFFE,
      0xFFFF,
      0xE0000...0xE007F:
      true
    default: false
    }
  }
}
