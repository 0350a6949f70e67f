import Bytes
import CVMCrypto
import PostQuantum
import StateStore
import Testing

@Suite("Signed heads") struct AuditHeadTests {
  private let scratch = Scratch()
  private let signer: AuditSigner
  private static let origin = "cvmctl/audit/0123456789abcdef"

  init() throws { signer = AuditSigner(origin: Self.origin, key: try Ed25519.PrivateKey(seed: .random(32))) }

  /// A store with the key; heads on the way are signed with it.
  private func store() throws -> StateStore {
    let store = try scratch.store()
    let row = AuditKeyRow(
      version: 1, origin: signer.origin, publicKey: signer.key.publicKey.bytes, envelope: [1],
      createdAt: moment())
    if try store.auditKeys().isEmpty {
      try store.act(record("audit.key.create", tenant: "")) { (transaction) throws(StoreError) in
        try transaction.insertAuditKey(row)
      }
    }
    let signer = signer
    store.signHeads { _ in signer }
    return store
  }

  private func act(_ store: StateStore, _ count: Int, at seconds: Int64 = 0) throws {
    for _ in 0..<count { try store.act(record(at: seconds)) { (_) throws(StoreError) in } }
  }

  @Test func `one is made with the record that comes a minute after the last, and with the thousandth`()
    throws
  {
    let store = try store()
    try act(store, 1, at: 59)
    #expect(try store.newestHead() == nil)
    try act(store, 1, at: 60)
    #expect(try store.newestHead()?.size == 4)
    try act(store, 999, at: 60)
    #expect(try store.newestHead()?.size == 4)
    try act(store, 1, at: 60)
    #expect(try store.newestHead()?.size == 1004)
    // A clock that was set back does not put heads off.
    try act(store, 1, at: -60)
    #expect(try store.newestHead()?.size == 1005)
    let report = try store.verifyAudit()
    #expect(report.check == .intact(count: 1005) && report.heads == 3 && report.unsigned == 0)
    #expect(try report.newestHead?.isSigned(by: store.auditKeys()[0].verifier()) == true)
  }

  @Test func `it stands or falls with its record`() throws {
    let store = try store()
    let error = failure { () throws(StoreError) in
      try store.act(record(at: 100)) { (_) throws(StoreError) in throw .misuse(reason: "on purpose") }
    }
    #expect(error?.kind == "misuse")
    // The head is of the record that says so.
    #expect(try store.newestHead()?.size == 3)
    #expect(try store.verifyAudit().check == .intact(count: 3))
  }

  @Test func `without a key that opens, records are made all the same`() throws {
    do { _ = try store() }
    let store = try scratch.store()
    store.signHeads { _ in nil }
    try act(store, 3, at: 500)
    #expect(try store.newestHead() == nil)
    #expect(try store.verifyAudit().check == .intact(count: 5))
  }

  @Test func `a head on demand covers its own record`() throws {
    let store = try store()
    let head = try store.signedHead(record("audit.anchor"), by: signer)
    #expect(head.size == 3 && head.origin == Self.origin)
    #expect(try store.newestHead() == head)
  }

  @Test func `every record that a head covers is proven, and no later one`() throws {
    let store = try store()
    try act(store, 9)
    _ = try store.signedHead(record("audit.anchor"), by: signer)
    try act(store, 1)
    let key = try VerifierKey(name: Self.origin, key: signer.key.publicKey)
    for entry in try store.auditEntriesOfEveryTenant() {
      let proof = try store.proof(ofRecord: entry.sequence)
      #expect(try proof?.proves(entry.bytes, by: [key]) == (entry.sequence <= 12 ? true : nil))
    }
    #expect(try store.proof(ofRecord: 0) == nil)
  }

  /// What somebody does who takes the triggers away, and can compute hashes but not sign. Heads cover 5 and 10 of 12.
  private static let triggers = [
    "audit_no_update", "audit_no_delete", "audit_in_order", "audit_head_no_update", "audit_head_no_delete",
  ].map { "DROP TRIGGER \($0);" }.joined()

  private func tampered(_ sql: String) throws -> AuditCheck {
    do {
      let store = try store()
      try act(store, 2)
      _ = try store.signedHead(record("audit.anchor"), by: signer)
      try act(store, 4)
      _ = try store.signedHead(record("audit.anchor"), by: signer)
      try act(store, 2)
      #expect(try store.verifyAudit().check == .intact(count: 12))
    }
    #expect(scratch.tamper("PRAGMA foreign_keys=OFF;" + Self.triggers + sql), "\(sql)")
    return try scratch.store().verifyAudit().check
  }

  @Test(arguments: [
    (4, 1), (5, 1), (7, 6), (10, 6),
  ])
  func `a record that was written anew with its hash is found by the first head over it`(
    _ place: Int64, _ first: Int64
  ) throws {
    let check = try tampered(try rewritten(place))
    guard case .broken(let found, let reason) = check else {
      Issue.record("not found: \(place)")
      return
    }
    #expect(found == first && reason.contains("not the record that was signed"), "\(found): \(reason)")
  }

  /// SQL that gives a record another outcome, in its bytes and columns, and the hash of these bytes.
  private func rewritten(_ place: Int64) throws -> String {
    let act = [5, 10].contains(place) ? "audit.anchor" : "test.act"
    let text =
      #"{"v":1,"seq":\#(place),"time":"\#(moment())","tenant":"default","actor":"uid:1000","act":"\#(act)","#
      + #""object":"object","phase":"act","outcome":"failed","detail":{}}"#
    let bytes = Array(text.utf8)
    let (record, hash) = (Hex.encode(bytes), Hex.encode(try TreeHash.leaf(bytes).bytes))
    return
      "UPDATE audit SET outcome = 'failed', record = x'\(record)', leaf_hash = x'\(hash)' WHERE seq = \(place)"
  }

  @Test(arguments: [
    "DELETE FROM audit_head WHERE size = 10; DELETE FROM audit WHERE seq > 5",
    "UPDATE audit_head SET edge = zeroblob(64) WHERE size = 5",
    "UPDATE audit_head SET edge = (SELECT edge FROM audit_head WHERE size = 5) WHERE size = 10",
    "DELETE FROM audit WHERE seq > 5; UPDATE sqlite_sequence SET seq = 5 WHERE name = 'audit'",
    "UPDATE audit_key SET public_key = zeroblob(32)", "UPDATE audit_key SET origin = 'x'",
  ])
  func `what was done to heads, key or the end is found`(_ sql: String) throws {
    if case .intact = try tampered(sql) { Issue.record("not found: \(sql)") }
  }

  @Test func `an anchor finds a log that was cut, heads and all`() throws {
    let anchor: Checkpoint
    do {
      let store = try store()
      try act(store, 3)
      _ = try store.signedHead(record("audit.anchor"), by: signer)
      try act(store, 3)
      anchor = try store.signedHead(record("audit.anchor"), by: signer)
      #expect(try store.verifyAudit(anchors: [anchor]).check == .intact(count: 10))
    }
    let cut = """
      DELETE FROM audit_head WHERE size = 10; DELETE FROM audit WHERE seq > 6;
      UPDATE sqlite_sequence SET seq = 6 WHERE name = 'audit'
      """
    #expect(scratch.tamper("PRAGMA foreign_keys=OFF;" + Self.triggers + cut))
    let store = try scratch.store()
    #expect(try store.verifyAudit().check == .intact(count: 6))
    guard case .broken(7, let reason) = try store.verifyAudit(anchors: [anchor]).check else {
      Issue.record("the anchor did not find it")
      return
    }
    #expect(reason.contains("rolled back"))
    var other = Checkpoint(origin: Self.origin, size: 3, root: anchor.root)
    try other.sign(with: signer)
    #expect(
      try store.verifyAudit(anchors: [other]).check
        == .broken(sequence: 1, reason: "it, or one up to 3, is not the record that was anchored"))
  }

  @Test func `a log with a composite key needs both signatures, on heads and for a key from elsewhere`()
    throws
  {
    let seed = try SecretBytes.random(64)
    let composite = try CompositeSignature.PrivateKey(seed: seed).publicKey
    let both = AuditSigner(origin: Self.origin, key: signer.key, composite: seed)
    let row = AuditKeyRow(
      version: 1, origin: Self.origin, publicKey: signer.key.publicKey.bytes, compositeKey: composite.bytes,
      envelope: [1], createdAt: moment())
    let store = try scratch.store()
    try store.act(record("audit.key.create", tenant: "")) { (transaction) throws(StoreError) in
      try transaction.insertAuditKey(row)
    }
    let head = try store.signedHead(record("audit.anchor"), by: both)
    let keys = try row.verifiers()
    #expect(head.signatures.count == 2 && keys.count == 2)
    #expect(try keys.allSatisfy { try head.isSigned(by: $0) } && head.isSigned(by: keys))
    #expect(try Checkpoint(parsing: Array(head.text.utf8)).isSigned(by: keys))
    #expect(try VerifierKey(parsing: keys[1].text) == keys[1])
    #expect(try store.verifyAudit().check == .intact(count: 3))
    // A head with one line only is not this log's.
    let single = try store.signedHead(record("audit.anchor"), by: signer)
    #expect(try single.isSigned(by: keys[0]) && !single.isSigned(by: keys))
    guard case .broken = try store.verifyAudit().check else {
      Issue.record("a head without its second signature was taken")
      return
    }
  }

  @Test func `nothing is signed over a head that is not authentic`() throws {
    let store = try store()
    let head = try store.signedHead(record("audit.anchor"), by: signer)
    #expect(scratch.tamper(Self.triggers + "UPDATE audit_head SET edge = zeroblob(64)"))
    let error = failure { () throws(StoreError) in try store.signedHead(record("audit.anchor"), by: signer) }
    #expect(error?.kind == "corrupt")
    // Acts go on, unsigned.
    try act(store, 1, at: 500)
    #expect(try store.newestHead() == head)
  }
}
