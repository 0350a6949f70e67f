package import CVMCrypto

/// The right edge of RFC 6962's Merkle tree (section 2.1): all that appending and the root need.
package struct MerkleTree: Equatable, Sendable {
  /// Leaves.
  package private(set) var size: Int64 = 0
  /// Roots of the perfect subtrees that the leaves fill, largest first: one for each bit of `size`.
  package private(set) var edge: [TreeHash] = []

  package init() {}

  /// An edge that was kept; nil where it cannot be one of a tree of this size.
  package init?(size: Int64, edge: [TreeHash]) {
    guard size >= 0, edge.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.edge = edge
  }

  package mutating func append(_ leaf: TreeHash) throws(CryptoError) { try append(leaf, level: 0) }

  /// Appends the leaves of another tree. This one's size is a multiple of a power of two that is not below the other's.
  mutating func append(_ other: MerkleTree) throws(CryptoError) {
    var rest = other.size
    for hash in other.edge {
      let level = Int64.bitWidth - 1 - rest.leadingZeroBitCount
      try append(hash, level: level)
      rest -= 1 << Int64(level)
    }
  }

  /// Appends a perfect subtree of 2^level leaves; the size is a multiple of 2^level.
  private mutating func append(_ subtree: TreeHash, level: Int) throws(CryptoError) {
    var hash = subtree
    // It completes one subtree for each one bit at the end of the size, as counted in its own.
    for _ in 0..<(~(size >> Int64(level))).trailingZeroBitCount { hash = try .node(edge.removeLast(), hash) }
    edge.append(hash)
    size += 1 << Int64(level)
  }

  package func root() throws(CryptoError) -> TreeHash {
    guard var root = edge.last else { return try .empty() }
    for left in edge.dropLast().reversed() { root = try .node(left, root) }
    return root
  }

  /// The root over these leaves.
  package static func root(_ leaves: some Sequence<TreeHash>) throws(CryptoError) -> TreeHash {
    var tree = MerkleTree()
    for leaf in leaves { try tree.append(leaf) }
    return try tree.root()
  }
}
