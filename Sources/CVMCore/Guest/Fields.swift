import Documents

/// The keys of one YAML mapping, each read at most once; what is left unread at the end is an unknown key.
final class Fields {
  private let line: Int
  private let what: String
  private let entries: [(key: String, node: YAMLNode)]
  private var read: Set<String> = []

  init(_ node: YAMLNode, of what: String) throws(GuestDefinitionProblem) {
    guard let entries = node.mapping else {
      throw GuestDefinitionProblem(line: node.line, "\(what) is not a mapping")
    }
    line = node.line
    self.what = what
    self.entries = entries
  }

  func node(_ key: String) -> YAMLNode? {
    read.insert(key)
    return entries.first { $0.key == key }?.node
  }

  func finish() throws(GuestDefinitionProblem) {
    guard let unknown = entries.first(where: { !read.contains($0.key) }) else { return }
    throw GuestDefinitionProblem(
      line: unknown.node.line,
      "unknown key '\(unknown.key)' in \(what) (known: \(read.sorted().joined(separator: ", ")))")
  }

  func required<Value>(_ key: String, _ value: Value?) throws(GuestDefinitionProblem) -> Value {
    guard let value else { throw GuestDefinitionProblem(line: line, "\(what) has no '\(key)'") }
    return value
  }

  func text(_ key: String) throws(GuestDefinitionProblem) -> (text: String, line: Int)? {
    guard let node = node(key) else { return nil }
    guard let text = node.scalarText else {
      throw GuestDefinitionProblem(line: node.line, "'\(key)' takes a single value")
    }
    return (text, node.line)
  }

  /// Text without control or formatting characters.
  func plain(_ key: String) throws(GuestDefinitionProblem) -> String? {
    guard let (text, line) = try text(key) else { return nil }
    guard !text.unicodeScalars.contains(where: PlainText.isForbidden) else {
      throw GuestDefinitionProblem(line: line, "'\(key)' has a control or formatting character")
    }
    guard !text.isEmpty else { throw GuestDefinitionProblem(line: line, "'\(key)' is empty") }
    return text
  }

  func name(_ key: String) throws(GuestDefinitionProblem) -> String {
    let (text, line) = try required(key, try text(key))
    do {
      return try GuestName.check(text)
    } catch {
      throw GuestDefinitionProblem(line: line, error.problem)
    }
  }

  func path(_ key: String) throws(GuestDefinitionProblem) -> String? {
    guard let path = try plain(key) else { return nil }
    guard path.hasPrefix("/") else {
      throw GuestDefinitionProblem(line: node(key)?.line ?? line, "'\(key)' is not an absolute path")
    }
    return path
  }

  func choice(_ key: String, of words: [String]) throws(GuestDefinitionProblem) -> String? {
    guard let (text, line) = try text(key) else { return nil }
    guard words.contains(text) else {
      throw GuestDefinitionProblem(line: line, "'\(key)' is one of \(words.joined(separator: ", "))")
    }
    return text
  }

  func count(_ key: String, _ range: ClosedRange<Int>) throws(GuestDefinitionProblem) -> Int? {
    guard let (text, line) = try text(key) else { return nil }
    guard let number = Int(text), range.contains(number), !text.hasPrefix("+") else {
      throw GuestDefinitionProblem(
        line: line, "'\(key)' is not a number between \(range.lowerBound) and \(range.upperBound)")
    }
    return number
  }

  func flag(_ key: String) throws(GuestDefinitionProblem) -> Bool? {
    try choice(key, of: ["true", "false"]).map { $0 == "true" }
  }

  func memory(_ key: String) throws(GuestDefinitionProblem) -> UInt64 {
    let (text, line) = try required(key, try text(key))
    guard let bytes = MemorySize.parse(text), bytes >= 1 << 20 else {
      throw GuestDefinitionProblem(
        line: line, "'\(key)' is not a size of 1MiB or more, such as 512MiB or 2GiB")
    }
    return bytes
  }

  func list(_ key: String) throws(GuestDefinitionProblem) -> [YAMLNode] {
    guard let node = node(key) else { return [] }
    guard let elements = node.sequence else {
      throw GuestDefinitionProblem(line: node.line, "'\(key)' is not a list")
    }
    return elements
  }
}
