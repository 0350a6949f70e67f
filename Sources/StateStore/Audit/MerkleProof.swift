package import CVMCrypto

/// Proofs over a Merkle tree: RFC 6962, sections 2.1.1 and 2.1.2; how they are checked, RFC 9162, sections 2.1.3.2
/// and 2.1.4.2.
package enum MerkleProof {
  /// The hashes that lead from leaf `index` to the root over all leaves, leaf's neighbour first; nil where there is no
  /// such leaf.
  package static func inclusion(of index: Int, in leaves: [TreeHash]) throws(CryptoError) -> [TreeHash]? {
    guard leaves.indices.contains(index) else { return nil }
    var (part, path) = (leaves[...], [TreeHash]())
    while part.count > 1 {
      let middle = part.startIndex + split(part.count)
      if index < middle {
        path.append(try MerkleTree.root(part[middle...]))
        part = part[..<middle]
      } else {
        path.append(try MerkleTree.root(part[..<middle]))
        part = part[middle...]
      }
    }
    return path.reversed()
  }

  /// The hashes that show that the tree over all leaves begins with the tree over the first `count`; nil where there
  /// are fewer leaves, and for the empty tree, with which every tree begins.
  package static func consistency(of count: Int, in leaves: [TreeHash]) throws(CryptoError) -> [TreeHash]? {
    guard (1...max(1, leaves.count)).contains(count), count <= leaves.count else { return nil }
    var (part, path, isWhole) = (leaves[...], [TreeHash](), true)
    while part.endIndex > count {
      let middle = part.startIndex + split(part.count)
      if count <= middle {
        path.append(try MerkleTree.root(part[middle...]))
        part = part[..<middle]
      } else {
        path.append(try MerkleTree.root(part[..<middle]))
        part = part[middle...]
        isWhole = false
      }
    }
    if !isWhole { path.append(try MerkleTree.root(part)) }
    return path.reversed()
  }

  /// Whether `path` leads from leaf `index` to the root of a tree of `size` leaves.
  package static func verify(
    leaf: TreeHash, index: Int64, size: Int64, path: [TreeHash], root: TreeHash
  ) throws(CryptoError) -> Bool {
    guard index >= 0, index < size else { return false }
    var (hash, place, last) = (leaf, index, size - 1)
    for neighbour in path {
      guard last > 0 else { return false }
      if place & 1 == 1 || place == last {
        hash = try .node(neighbour, hash)
        while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
      } else {
        hash = try .node(hash, neighbour)
      }
      (place, last) = (place >> 1, last >> 1)
    }
    return last == 0 && hash == root
  }

  /// Whether `path` shows that the tree of `size` leaves with root `root` begins with the tree of `oldSize` leaves with
  /// root `oldRoot`.
  package static func verify(
    oldSize: Int64, oldRoot: TreeHash, size: Int64, root: TreeHash, path: [TreeHash]
  ) throws(CryptoError) -> Bool {
    guard oldSize > 0, oldSize <= size else { return false }
    if oldSize == size { return path.isEmpty && oldRoot == root }
    // The old tree's root is left out of the path where the new tree has it as a node.
    var path = (oldSize & (oldSize - 1) == 0 ? [oldRoot] : []) + path
    guard !path.isEmpty else { return false }
    let first = path.removeFirst()
    let completed = (~(oldSize - 1)).trailingZeroBitCount
    var (place, last) = ((oldSize - 1) >> completed, (size - 1) >> completed)
    var (old, new) = (first, first)
    for neighbour in path {
      guard last > 0 else { return false }
      if place & 1 == 1 || place == last {
        old = try .node(neighbour, old)
        new = try .node(neighbour, new)
        while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
      } else {
        new = try .node(new, neighbour)
      }
      (place, last) = (place >> 1, last >> 1)
    }
    return last == 0 && old == oldRoot && new == root
  }

  /// The largest power of two below `count`, which is at least 2.
  private static func split(_ count: Int) -> Int { 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}
