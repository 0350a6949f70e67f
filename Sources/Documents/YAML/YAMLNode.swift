/// A YAML document with the place of every node, for a reader that has to name a line: `guest.yaml:7: …`.
package struct YAMLNode: Equatable, Sendable {
  package enum Content: Equatable, Sendable {
    /// `text` is the scalar as it stands in the file, without quotes: what a reader takes where it wants text
    /// (a digest that happens to be all digits). `isPlain`: written without quotes, so that `value` may be a
    /// number.
    case scalar(Value, text: String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([Member])
  }

  /// A member of a mapping; `line` is the key's.
  package struct Member: Equatable, Sendable {
    package let key: String
    package let line: Int
    package let node: YAMLNode
  }

  package let content: Content
  /// The first line is 1.
  package let line: Int
  /// In characters, the first is 1.
  package let column: Int

  /// The node without its places.
  package var value: Value {
    switch content {
    case .scalar(let value, _, _): value
    case .sequence(let nodes): .array(nodes.map(\.value))
    case .mapping(let members): .object(members.map { Value.Member($0.key, $0.node.value) })
    }
  }
}
