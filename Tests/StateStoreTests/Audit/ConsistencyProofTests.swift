import Bytes
import CVMCrypto
import StateStore
import Testing

@Suite("Consistency proofs of signed heads") struct ConsistencyProofTests {
  private typealias Example = CheckpointExample

  private func head(_ size: Int) throws -> Checkpoint {
    var head = Checkpoint(
      origin: Example.origin, size: Int64(size), root: try MerkleTree.root(Example.leaves().prefix(size)))
    try head.sign(with: AuditSigner(origin: Example.origin, key: Example.signer()))
    return head
  }

  private func proof(_ size: Int) throws -> ConsistencyProof {
    let path = try #require(try MerkleProof.consistency(of: size, in: Example.leaves()))
    return ConsistencyProof(oldSize: Int64(size), path: path, checkpoint: try head(3))
  }

  @Test func `the worked example's log goes on from each of its beginnings, in the witness's form`() throws {
    for size in 1...3 {
      let proof = try proof(size)
      #expect(proof.text.hasPrefix("old \(size)\n") && proof.text.hasSuffix("\n\n" + Example.text))
      let read = try ConsistencyProof(parsing: Array(proof.text.utf8))
      #expect(read == proof)
      for other in 1...3 { #expect(try read.proves(head(other)) == (other == size)) }
    }
  }

  @Test(arguments: [
    ("old 1\n", "old 01\n"), ("old 1\n", "old -1\n"), ("old 1\n", "old\n"), ("old 1\n", ""),
    ("old 1\n", "old 1\n=\n"),
    ("\n\n", "\n"), ("old 1\n", "old 1\nAAAA\n"),
  ])
  func `another form is refused`(_ part: String, _ replacement: String) throws {
    let text = try proof(1).text.replacing(part, with: replacement, maxReplacements: 1)
    #expect(throws: FormatError.self) { try ConsistencyProof(parsing: Array(text.utf8)) }
  }

  @Test func `heads one behind the other are read, and the place of one that is none is named`() throws {
    let heads = try (1...3).map(head)
    for count in 1...3 {
      let text = heads.prefix(count).map(\.text).joined()
      #expect(try Checkpoint.list(parsing: Array(text.utf8)) == Array(heads.prefix(count)))
    }
    let bytes = Array((heads[0].text + "x\n" + heads[1].text).utf8)
    #expect(throws: FormatError.self) { try Checkpoint.list(parsing: bytes) }
    do {
      _ = try Checkpoint.list(parsing: Array((heads[0].text + "x\n").utf8))
      Issue.record("it was read")
    } catch { #expect(error.offset == heads[0].text.utf8.count) }
    #expect(throws: FormatError.self) { try Checkpoint.list(parsing: []) }
  }
}
