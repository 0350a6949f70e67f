import CVMCrypto
import StateStore
import Testing

/// RFC 6962, section 2.1, written down as it stands there.
private enum Naive {
  static func root(_ leaves: ArraySlice<TreeHash>) throws -> TreeHash {
    guard let first = leaves.first else { return try .empty() }
    guard leaves.count > 1 else { return first }
    let middle = leaves.startIndex + split(leaves.count)
    return try .node(root(leaves[..<middle]), root(leaves[middle...]))
  }

  static func path(_ index: Int, _ leaves: ArraySlice<TreeHash>) throws -> [TreeHash] {
    guard leaves.count > 1 else { return [] }
    let half = split(leaves.count)
    let middle = leaves.startIndex + half
    return index < half
      ? try path(index, leaves[..<middle]) + [root(leaves[middle...])]
      : try path(index - half, leaves[middle...]) + [root(leaves[..<middle])]
  }

  static func consistency(_ count: Int, _ leaves: ArraySlice<TreeHash>, _ isWhole: Bool) throws -> [TreeHash]
  {
    if count == leaves.count { return isWhole ? [] : [try root(leaves)] }
    let half = split(leaves.count)
    let middle = leaves.startIndex + half
    return count <= half
      ? try consistency(count, leaves[..<middle], isWhole) + [root(leaves[middle...])]
      : try consistency(count - half, leaves[middle...], false) + [root(leaves[..<middle])]
  }

  private static func split(_ count: Int) -> Int {
    var half = 1
    while half * 2 < count { half *= 2 }
    return half
  }
}

@Suite("Merkle tree") struct MerkleTests {
  private let leaves: [TreeHash]

  init() throws { leaves = try (0..<130).map { try TreeHash.leaf([UInt8($0)]) } }

  @Test func `its root is RFC 6962's for every size, and its edge carries it on`() throws {
    var tree = MerkleTree()
    for size in 0...130 {
      #expect(try tree.root() == Naive.root(leaves[..<size]), "\(size)")
      #expect(tree.size == Int64(size) && tree.edge.count == size.nonzeroBitCount)
      tree = try #require(MerkleTree(size: Int64(size), edge: tree.edge))
      if size < 130 { try tree.append(leaves[size]) }
    }
  }

  @Test func `an edge that is none of its size is refused`() {
    #expect(MerkleTree(size: 3, edge: [leaves[0]]) == nil)
    #expect(MerkleTree(size: 0, edge: [leaves[0]]) == nil)
    #expect(MerkleTree(size: -1, edge: Array(leaves.prefix(64))) == nil)
  }

  @Test func `inclusion is proven for every leaf of every size, and for no other place, size or leaf`() throws
  {
    for size in 1...130 {
      let part = Array(leaves[..<size])
      let root = try MerkleTree.root(part)
      for index in 0..<size {
        let path = try #require(try MerkleProof.inclusion(of: index, in: part))
        #expect(try path == Naive.path(index, part[...]))
        func holds(
          _ leaf: TreeHash, _ index: Int, _ size: Int, _ path: [TreeHash], _ root: TreeHash
        ) throws -> Bool {
          try MerkleProof.verify(leaf: leaf, index: Int64(index), size: Int64(size), path: path, root: root)
        }
        #expect(try holds(part[index], index, size, path, root), "\(index) of \(size)")
        #expect(try !holds(leaves[(index + 1) % 130], index, size, path, root))
        #expect(try !holds(part[index], index, size, path + [root], root))
        #expect(try !holds(part[index], index, size, path, leaves[0]) || size == 1 && index == 0)
        #expect(try !holds(part[index], index + size, size, path, root))
        #expect(try !holds(part[index], -1, size, path, root))
        if let last = path.last {
          #expect(try !holds(part[index], index, size, path.dropLast(), root))
          #expect(try !holds(part[index], index ^ 1, size, path, root), "\(index) of \(size)")
          #expect(try !holds(part[index], index, size, path.dropLast() + [TreeHash.node(last, last)], root))
        }
      }
      #expect(try MerkleProof.inclusion(of: size, in: part) == nil)
      #expect(try MerkleProof.inclusion(of: -1, in: part) == nil)
    }
  }

  @Test func `consistency is proven between all sizes, and with no other root`() throws {
    let roots = try (0...130).map { try MerkleTree.root(leaves[..<$0]) }
    for size in 1...130 {
      let part = Array(leaves[..<size])
      for old in 1...size {
        let path = try #require(try MerkleProof.consistency(of: old, in: part))
        #expect(try path == Naive.consistency(old, part[...], true), "\(old) of \(size)")
        func holds(_ oldRoot: TreeHash, _ root: TreeHash, _ path: [TreeHash], _ old: Int) throws -> Bool {
          try MerkleProof.verify(
            oldSize: Int64(old), oldRoot: oldRoot, size: Int64(size), root: root, path: path)
        }
        #expect(try holds(roots[old], roots[size], path, old), "\(old) of \(size)")
        #expect(try !holds(roots[old - 1], roots[size], path, old))
        #expect(try !holds(roots[old], roots[size - 1], path, old))
        #expect(try !holds(roots[old], roots[size], path + [roots[0]], old))
        #expect(try !holds(roots[old], roots[size], path, 0))
        #expect(try !holds(roots[old], roots[size], path, size + 1))
        if !path.isEmpty { #expect(try !holds(roots[old], roots[size], path.dropLast(), old)) }
      }
      #expect(try MerkleProof.consistency(of: 0, in: part) == nil)
      #expect(try MerkleProof.consistency(of: size + 1, in: part) == nil)
    }
  }
}
