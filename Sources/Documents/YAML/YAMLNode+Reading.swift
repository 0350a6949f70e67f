extension YAMLNode {
  /// The members of a mapping with their nodes, in the order of the file; nil for another kind of node.
  package var mapping: [(key: String, node: YAMLNode)]? {
    if case .mapping(let members) = content { members.map { ($0.key, $0.node) } } else { nil }
  }

  /// The elements of a sequence; nil for another kind of node.
  package var sequence: [YAMLNode]? {
    if case .sequence(let nodes) = content { nodes } else { nil }
  }

  /// A scalar's text as it stands in the file, without quotes; nil for another kind of node and for null.
  package var scalarText: String? {
    if case .scalar(let value, let text, _) = content, value != .null { text } else { nil }
  }
}
