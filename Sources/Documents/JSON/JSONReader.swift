extension JSONText {
  /// Reads one document, strictly by RFC 8259. Besides, a member given twice is refused, and a number beyond
  /// all 64-bit types. Integers are kept exactly if `Int64` or `UInt64` holds them; any other number is a
  /// `Double`.
  package static func parse(
    _ bytes: [UInt8], limits: DocumentLimits = .json
  ) throws(DocumentError) -> Value {
    try limits.admit(bytes)
    var reader = JSONReader(bytes, limits: limits)
    return try reader.document()
  }
}

/// Reads front to back, without recursion: open arrays and objects are a stack.
private struct JSONReader {
  private struct Container {
    let isObject: Bool
    var elements: [Value] = []
    var members: [Value.Member] = []
    var seen: Set<String> = []
    var key = ""

    mutating func add(_ value: Value) {
      if isObject { members.append(Value.Member(key, value)) } else { elements.append(value) }
    }

    var value: Value { isObject ? .object(members) : .array(elements) }
  }

  private var scanner: JSONScanner
  private let limits: DocumentLimits
  private var open: [Container] = []
  private var nodes = 0

  init(_ bytes: [UInt8], limits: DocumentLimits) {
    scanner = JSONScanner(bytes)
    self.limits = limits
  }

  mutating func document() throws(DocumentError) -> Value {
    var value = try begin()
    while !open.isEmpty {
      if let complete = value { open[open.count - 1].add(complete) }
      value = try step(afterValue: value != nil)
    }
    scanner.skipBlanks()
    guard let value, scanner.next == nil else {
      throw scanner.error(.syntax, "text after the document's end")
    }
    return value
  }

  /// Starts a value: a complete scalar, or nil after an opening bracket.
  private mutating func begin() throws(DocumentError) -> Value? {
    scanner.skipBlanks()
    guard nodes < limits.nodes else { throw scanner.error(.tooManyNodes, "more than \(limits.nodes) nodes") }
    nodes += 1
    let isObject = scanner.next == UInt8(ascii: "{")
    guard isObject || scanner.next == UInt8(ascii: "[") else { return try scanner.scalar() }
    guard open.count < limits.depth else { throw scanner.error(.tooDeep, "more than \(limits.depth) levels") }
    scanner.advance()
    open.append(Container(isObject: isObject))
    return nil
  }

  /// Goes on in the innermost container: its next value begins, or it ends and is the value.
  private mutating func step(afterValue: Bool) throws(DocumentError) -> Value? {
    let isObject = open[open.count - 1].isObject
    scanner.skipBlanks()
    if scanner.take(UInt8(ascii: isObject ? "}" : "]")) { return open.removeLast().value }
    if afterValue {
      guard scanner.take(UInt8(ascii: ",")) else {
        throw scanner.error(.syntax, isObject ? "',' or '}' expected" : "',' or ']' expected")
      }
    }
    if isObject { try key() }
    return try begin()
  }

  private mutating func key() throws(DocumentError) {
    scanner.skipBlanks()
    let start = scanner
    guard scanner.next == UInt8(ascii: "\"") else { throw scanner.error(.syntax, "a member's name expected") }
    let key = try scanner.string()
    guard open[open.count - 1].seen.insert(key).inserted else {
      throw start.error(.duplicate, "\(DocumentError.quoted(key)) stands twice")
    }
    open[open.count - 1].key = key
    scanner.skipBlanks()
    guard scanner.take(UInt8(ascii: ":")) else { throw scanner.error(.syntax, "':' expected") }
  }
}
