import CVMCrypto
import Testing

@Suite struct TreeHashTests {
  // RFC 6962, section 2.1: what stands before leaves and nodes.
  @Test func `leaves and nodes are hashed behind a byte of their own`() throws {
    for count in [0, 1, 55, 63, 64, 65, 320] {
      let entry = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      #expect(try TreeHash.leaf(entry).bytes == SHA256.hash([0] + entry))
    }
    let (left, right) = (try TreeHash.leaf([1]), try TreeHash.leaf([2]))
    #expect(try TreeHash.node(left, right).bytes == SHA256.hash([1] + left.bytes + right.bytes))
    #expect(try TreeHash.empty().bytes == SHA256.hash([]))
  }

  @Test func `a hash keeps its 32 bytes in order, and has no other size`() throws {
    let bytes = (0..<32).map { UInt8($0) }
    #expect(TreeHash(bytes)?.bytes == bytes)
    #expect(TreeHash(bytes.dropLast()) == nil && TreeHash(bytes + [0]) == nil)
  }
}
