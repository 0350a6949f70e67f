/// Puts a tree together from a parser's events, without recursion: the open sequences and mappings are a
/// stack.
struct YAMLTreeBuilder {
  private struct Container {
    let isMapping: Bool
    let line: Int
    let column: Int
    var nodes: [YAMLNode] = []
    var members: [YAMLNode.Member] = []
    var seen: Set<String> = []
    /// A key that waits for its value.
    var key: (text: String, line: Int)?

    var awaitsKey: Bool { isMapping && key == nil }
  }

  private let limits: DocumentLimits
  private var open: [Container] = []
  private var nodes = 0
  private(set) var root: YAMLNode?

  init(limits: DocumentLimits) { self.limits = limits }

  mutating func begin(isMapping: Bool, line: Int, column: Int) throws(DocumentError) {
    try count(line: line, column: column)
    if open.last?.awaitsKey == true {
      throw DocumentError(.key, line: line, column: column, "a key must be a scalar")
    }
    guard open.count < limits.depth else { throw limits.tooDeep(line: line, column: column) }
    open.append(Container(isMapping: isMapping, line: line, column: column))
  }

  mutating func end() {
    guard let done = open.popLast() else { return }
    let content: YAMLNode.Content = done.isMapping ? .mapping(done.members) : .sequence(done.nodes)
    add(YAMLNode(content: content, line: done.line, column: done.column))
  }

  mutating func scalar(_ text: String, isPlain: Bool, line: Int, column: Int) throws(DocumentError) {
    try count(line: line, column: column)
    if open.last?.awaitsKey == true { return try key(text, line: line, column: column) }
    guard let value = isPlain ? YAMLScalar.resolve(text) : .string(text) else {
      throw DocumentError(
        .number, line: line, column: column,
        "\(DocumentError.quoted(text)) is beyond what 64 bits hold; put it in quotes if it is text")
    }
    add(YAMLNode(content: .scalar(value, text: text, isPlain: isPlain), line: line, column: column))
  }

  private mutating func key(_ text: String, line: Int, column: Int) throws(DocumentError) {
    guard open[open.count - 1].seen.insert(text).inserted else {
      throw DocumentError(
        .duplicate, line: line, column: column, "\(DocumentError.quoted(text)) stands twice")
    }
    open[open.count - 1].key = (text, line)
  }

  private mutating func add(_ node: YAMLNode) {
    guard let last = open.indices.last else {
      root = node
      return
    }
    if let key = open[last].key {
      open[last].members.append(YAMLNode.Member(key: key.text, line: key.line, node: node))
      open[last].key = nil
    } else {
      open[last].nodes.append(node)
    }
  }

  private mutating func count(line: Int, column: Int) throws(DocumentError) {
    guard nodes < limits.nodes else { throw limits.tooManyNodes(line: line, column: column) }
    nodes += 1
  }
}
