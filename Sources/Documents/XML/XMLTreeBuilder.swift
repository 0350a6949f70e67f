/// Puts a tree together from a parser's events, without recursion: the open elements are a stack.
struct XMLTreeBuilder {
  private let limits: DocumentLimits
  private var open: [XMLElement] = []
  private var pending: [UInt8] = []
  private var nodes = 0
  private(set) var root: XMLElement?

  init(limits: DocumentLimits) { self.limits = limits }

  mutating func start(
    _ name: String, _ attributes: [XMLAttribute], line: Int, column: Int
  ) throws(DocumentError) {
    guard open.count < limits.depth else { throw limits.tooDeep(line: line, column: column) }
    try count(1 + attributes.count, line: line, column: column)
    try flush(line: line, column: column)
    var element = XMLElement(name)
    element.attributes = attributes
    open.append(element)
  }

  mutating func end(line: Int, column: Int) throws(DocumentError) {
    try flush(line: line, column: column)
    guard var element = open.popLast() else { return }
    Self.dropLayout(&element)
    if open.isEmpty { root = element } else { open[open.count - 1].append(element) }
  }

  mutating func text(_ bytes: UnsafeBufferPointer<UInt8>) { unsafe pending.append(contentsOf: bytes) }

  private mutating func flush(line: Int, column: Int) throws(DocumentError) {
    guard !pending.isEmpty, !open.isEmpty else { return }
    try count(1, line: line, column: column)
    open[open.count - 1].children.append(.text(String(decoding: pending, as: UTF8.self)))
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func count(_ more: Int, line: Int, column: Int) throws(DocumentError) {
    guard more <= limits.nodes - nodes else { throw limits.tooManyNodes(line: line, column: column) }
    nodes += more
  }

  /// White space around child elements is layout, not content. Beside other text, or alone, it is content.
  private static func dropLayout(_ element: inout XMLElement) {
    var hasElement = false
    for child in element.children {
      switch child {
      case .element: hasElement = true
      case .text(let text): guard text.utf8.allSatisfy(XMLCharacter.isSpace) else { return }
      }
    }
    guard hasElement else { return }
    element.children.removeAll { if case .text = $0 { true } else { false } }
  }
}
