/// How much of a document is read before it is refused. Trees are values that the compiler copies and frees
/// by recursion, so `depth` bounds the stack of everyone who holds one.
package struct DocumentLimits: Equatable, Sendable {
  /// Size of the text.
  package let bytes: Int
  /// Levels of elements, arrays and objects; the root is level 1. Never above `deepest`.
  package let depth: Int
  /// Elements, attributes and texts; or scalars, arrays and objects.
  package let nodes: Int

  package static let deepest = 512

  package init(bytes: Int, depth: Int, nodes: Int) {
    self.bytes = max(0, min(bytes, 1 << 30))
    self.depth = max(1, min(depth, Self.deepest))
    self.nodes = max(1, nodes)
  }

  /// libvirt's domains are 10 to 20 KiB and at most a dozen levels deep.
  package static let standard = DocumentLimits(bytes: 4 << 20, depth: 64, nodes: 100_000)
  /// Files that people write.
  package static let yaml = DocumentLimits(bytes: 1 << 20, depth: 64, nodes: 100_000)
  /// Files that programs write.
  package static let json = DocumentLimits(bytes: 4 << 20, depth: 128, nodes: 100_000)
}

extension DocumentLimits {
  /// The checks that all formats share: the size, and UTF-8 throughout.
  func admit(_ bytes: [UInt8]) throws(DocumentError) {
    guard bytes.count <= self.bytes else {
      throw DocumentError(.tooLarge, line: 1, column: 1, "more than \(self.bytes) bytes")
    }
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw DocumentError(.encoding, in: bytes, at: error.byteOffsets.lowerBound, "not UTF-8")
    }
  }

  func tooDeep(line: Int, column: Int) -> DocumentError {
    DocumentError(.tooDeep, line: line, column: column, "more than \(depth) levels")
  }

  func tooManyNodes(line: Int, column: Int) -> DocumentError {
    DocumentError(.tooManyNodes, line: line, column: column, "more than \(nodes) nodes")
  }
}
