import Bytes
import CVMCrypto
import StateStore
import Testing

/// Worked example of C2SP's signed notes over RFC 6962's tree, recomputed independently: Ed25519 seed
/// SHA-256("cvmctl example audit key").
enum CheckpointExample {
  static let origin = "cvmctl.example/audit/host1"
  static let entries = [
    #"{"seq":0,"act":"tenant.create"}"#, #"{"seq":1,"act":"key.create"}"#, #"{"seq":2,"act":"guest.start"}"#,
  ].map { Array($0.utf8) }
  static let body = "\(origin)\n3\n6Tahggbd5E/R/ml2VH00cuzBlTnceCbhBUKftRiedhc=\n"
  static let signature =
    "\u{2014} \(origin) mzRou3rVOVdSdWtrvTASK0uh42rYgZyhpY7Wx6+x7tpKKtvydbBCSI7v/QI3dVWXD8UUSHJJmkGpSiSXOaXLVFs9Qgc=\n"
  static let key = "\(origin)+9b3468bb+AVb3ZhZgGbLZTRispZnfYdC6ehMiQTwqiuJZpG4t/jF7"
  static var text: String { body + "\n" + signature }

  static func leaves() throws -> [TreeHash] { try entries.map { try TreeHash.leaf($0) } }

  static func signer() throws -> Ed25519.PrivateKey {
    try Ed25519.PrivateKey(
      seed: SecretBytes(copying: SHA256.hash(Array("cvmctl example audit key".utf8))))
  }
}

@Suite("Checkpoints") struct CheckpointTests {
  private typealias Example = CheckpointExample

  private func signed() throws -> Checkpoint {
    var checkpoint = Checkpoint(
      origin: Example.origin, size: 3, root: try MerkleTree.root(Example.leaves()))
    try checkpoint.sign(with: AuditSigner(origin: Example.origin, key: Example.signer()))
    return checkpoint
  }

  @Test func `the worked example comes out, and is read back`() throws {
    let checkpoint = try signed()
    #expect(checkpoint.text == Example.text)
    #expect(try VerifierKey(name: Example.origin, key: Example.signer().publicKey).text == Example.key)
    let read = try Checkpoint(parsing: Array(Example.text.utf8))
    #expect(read == checkpoint)
    #expect(try read.isSigned(by: VerifierKey(parsing: Example.key)))
  }

  @Test func `a further signature of another kind changes nothing, a bad one of the key spoils the head`()
    throws
  {
    let key = try VerifierKey(parsing: Example.key)
    let other =
      "\u{2014} \(Example.origin) \(Base64.encode([1, 2, 3, 4] + [UInt8](repeating: 7, count: 3373)))\n"
    for text in [Example.text + other, Example.body + "\n" + other + Example.signature] {
      let read = try Checkpoint(parsing: Array(text.utf8))
      #expect(try read.isSigned(by: key) && read.text == text)
    }
    #expect(try !Checkpoint(parsing: Array((Example.body + "\n" + other).utf8)).isSigned(by: key))
    let bad = Base64.encode(key.id + [UInt8](repeating: 7, count: 64))
    let spoilt = Example.text + "\u{2014} \(Example.origin) \(bad)\n"
    #expect(try !Checkpoint(parsing: Array(spoilt.utf8)).isSigned(by: key))
  }

  @Test func `every line of the text is signed, unknown ones too`() throws {
    let key = try VerifierKey(parsing: Example.key)
    let changed = [
      Example.text.replacing("host1\n3", with: "host1\n4"), Example.text.replacing("6Tah", with: "7Tah"),
      Example.text.replacing("hc=\n\n", with: "hc=\nmore\n\n"),
    ]
    for text in changed {
      #expect(try !Checkpoint(parsing: Array(text.utf8)).isSigned(by: key), "\(text)")
    }
  }

  @Test(arguments: [
    "", "\n", "\n\n", "a\n1\n", CheckpointExample.body, CheckpointExample.body + "\n",
    CheckpointExample.text.replacing("\n3\n", with: "\n03\n"),
    CheckpointExample.text.replacing("\n3\n", with: "\n-3\n"),
    CheckpointExample.text.replacing("\n3\n", with: "\n99999999999999999999\n"),
    CheckpointExample.text.replacing("6Tah", with: "6Ta"),
    CheckpointExample.text.replacing("host1\n", with: "host 1\n"),
    CheckpointExample.text.replacing("host1\n", with: "host1\n\n"),
    CheckpointExample.text.replacing("\u{2014}", with: "-"),
    CheckpointExample.text.replacing("mzRo", with: "mzR"), CheckpointExample.text + "more\n",
    String(CheckpointExample.text.dropLast()), CheckpointExample.text.replacing("host1\n", with: "host1\r\n"),
    CheckpointExample.text.replacing("host1\n", with: "host1\u{1B}\n"),
  ])
  func `what is no checkpoint is refused`(_ text: String) {
    #expect(throws: FormatError.self) { try Checkpoint(parsing: Array(text.utf8)) }
  }

  @Test func `what is no UTF-8 or too long is refused`() {
    #expect(throws: FormatError.self) { try Checkpoint(parsing: [0xFF] + Array(CheckpointExample.text.utf8)) }
    let long =
      CheckpointExample.body + String(repeating: "x", count: 1 << 16) + "\n\n" + CheckpointExample.signature
    #expect(throws: FormatError.self) { try Checkpoint(parsing: Array(long.utf8)) }
  }

  @Test(arguments: [
    "", "a+b", CheckpointExample.key.replacing("9b34", with: "9b35"),
    CheckpointExample.key.replacing("+AVb3", with: "+Avb3"), CheckpointExample.key + "A",
    CheckpointExample.key.replacing("cvmctl.", with: "cvmctl "), "+9b3468bb+AVb3", "a+9b3468bb+AVb3",
  ])
  func `what is no verifier key is refused`(_ text: String) {
    #expect(throws: FormatError.self) { try VerifierKey(parsing: text) }
  }

  @Test func `a proof is C2SP's file and proves its record alone`() throws {
    let leaves = try Example.leaves()
    let path = try #require(try MerkleProof.inclusion(of: 1, in: leaves))
    #expect(path == [leaves[0], leaves[2]])
    let proof = RecordProof(index: 1, path: path, checkpoint: try signed())
    let text =
      "c2sp.org/tlog-proof@v1\nindex 1\n\(Base64.encode(leaves[0].bytes))\n\(Base64.encode(leaves[2].bytes))\n\n"
      + Example.text
    #expect(proof.text == text)
    let read = try RecordProof(parsing: Array(text.utf8))
    #expect(read == proof)
    let key = try VerifierKey(parsing: Example.key)
    #expect(try read.proves(Example.entries[1], by: [key]))
    #expect(try !read.proves(Example.entries[0], by: [key]))
    #expect(try !read.proves(Example.entries[1] + [10], by: [key]))
    let stranger = try VerifierKey(name: Example.origin, key: Ed25519.PrivateKey(seed: .random(32)).publicKey)
    #expect(try !read.proves(Example.entries[1], by: [stranger]))
  }

  @Test(arguments: [
    ("@v1", "@v2"), ("index 1", "index 01"), ("index 1", "index -1"), ("index 1", "place 1"),
    ("index 1\n", ""), ("index 1\n", "index 1\n\n"), ("index 1\n", "index 1\nAAAA\n"),
  ])
  func `what is no proof is refused`(_ old: String, _ new: String) throws {
    let leaves = try Example.leaves()
    let proof = RecordProof(index: 1, path: [leaves[0], leaves[2]], checkpoint: try signed())
    let text = proof.text.replacing(old, with: new)
    #expect(throws: FormatError.self) { try RecordProof(parsing: Array(text.utf8)) }
    #expect(throws: FormatError.self) { try RecordProof(parsing: []) }
  }
}
