import Bytes
import CVMCrypto
import Documents
import StateStore
import Testing

@Suite("Audit log") struct AuditTests {
  private let scratch = Scratch()

  private func filled(_ count: Int) throws(StoreError) -> StateStore {
    let store = try scratch.store()
    for index in 2..<(count + 1) {
      try store.act(record(object: "o\(index)", detail: ["n": Value(index)])) { (_) throws(StoreError) in }
    }
    return store
  }

  @Test func `a record has one encoding and RFC 6962's leaf hash`() throws {
    let store = try scratch.store()
    let attempt = try store.attempt(
      record("guest.start", object: "w\"\n\u{202E}é", detail: ["b": 1, "a": [.null, true]]))
    try store.outcome(of: attempt, "running", at: Timestamp(seconds: 0, nanoseconds: 1_999_000) ?? .epoch)
    let entries = try store.auditEntries(tenant: "default")
    #expect(
      entries.map { String(decoding: $0.bytes, as: UTF8.self) } == [
        #"{"v":1,"seq":2,"time":"2026-11-24T22:15:00.000Z","tenant":"default","actor":"uid:1000","#
          + #""act":"guest.start","object":"w\"\n\u202eé","phase":"attempt","outcome":"","#
          + #""detail":{"b":1,"a":[null,true]}}"#,
        #"{"v":1,"seq":3,"time":"1970-01-01T00:00:00.001Z","tenant":"default","actor":"uid:1000","#
          + #""act":"guest.start","object":"w\"\n\u202eé","phase":"outcome","attempt":2,"outcome":"running","#
          + #""detail":{}}"#,
      ])
    for entry in entries { #expect(try entry.leafHash == SHA256.hash([0] + entry.bytes)) }
  }

  @Test func `no text can make a second record or change the meaning of one`() throws {
    let store = try scratch.store()
    let texts = [
      "\n{\"v\":1,\"seq\":3}", "\",\"outcome\":\"failed", "\\", "\u{2028}", "\0", "\u{1B}[2J", "a\r\nb", "'",
    ]
    for text in texts {
      var hostile = record(text, object: text, detail: .object([.init(text, .string(text))]))
      hostile.actor = text
      try store.act(hostile) { (_) throws(StoreError) in }
      let entry = try #require(try store.auditEntries(tenant: "default").last)
      #expect(entry.record == hostile)
      #expect(entry.outcome == "done")
      #expect(entry.bytes.allSatisfy { $0 >= 0x20 })
    }
    #expect(try store.checkAudit() == .intact(count: Int64(texts.count) + 1))
  }

  @Test func `a detail that is no object, has a key twice or no JSON form is refused, and with it the act`()
    throws
  {
    let store = try scratch.store()
    let twice: Value = .object([.init("a", 1), .init("a", 2)])
    for detail in ["text", twice, ["n": .number(.nan)]] as [Value] {
      let error = failure { () throws(StoreError) in
        try store.act(record(detail: detail)) { (_) throws(StoreError) in Issue.record("the body ran") }
      }
      #expect(error?.kind == "misuse")
    }
    #expect(try store.checkAudit() == .intact(count: 1))
  }

  @Test func `entries are read from a place on and in pieces`() throws {
    let store = try filled(9)
    #expect(try store.auditEntries(tenant: "default", from: 4, limit: 2).map(\.sequence) == [4, 5])
    #expect(try store.auditEntriesOfEveryTenant(from: 8).map(\.sequence) == [8, 9])
  }

  private static let columns =
    "time, tenant, actor, act, object, phase, attempt, outcome, record, leaf_hash"

  @Test(arguments: [
    "UPDATE audit SET outcome = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 5", "DELETE FROM audit",
    "REPLACE INTO audit SELECT * FROM audit WHERE seq = 2",
    "INSERT INTO audit SELECT seq + 2, \(columns) FROM audit WHERE seq = 5",
    "INSERT INTO audit SELECT seq - 9, \(columns) FROM audit WHERE seq = 5",
  ])
  func `the table takes records at its end and nothing else`(_ sql: String) throws {
    let store = try filled(5)
    let before = try store.auditEntriesOfEveryTenant()
    #expect(!scratch.tamper(sql))
    #expect(try store.auditEntriesOfEveryTenant() == before)
  }

  /// What somebody does who takes the triggers away first. `n` is the record.
  static let edits = [
    "DELETE FROM audit WHERE seq = n",
    "UPDATE audit SET record = CAST(replace(record, 'done', 'Done') AS BLOB) WHERE seq = n",
    "UPDATE audit SET leaf_hash = zeroblob(32) WHERE seq = n",
    "UPDATE audit SET time = time + 1000 WHERE seq = n",
    "UPDATE audit SET tenant = 'rival' WHERE seq = n",
    "UPDATE audit SET actor = 'x' WHERE seq = n",
    "UPDATE audit SET act = 'x' WHERE seq = n",
    "UPDATE audit SET object = 'x' WHERE seq = n",
    "UPDATE audit SET outcome = 'failed' WHERE seq = n",
    "UPDATE audit SET phase = 'attempt' WHERE seq = n",
    """
    UPDATE audit SET seq = -1 WHERE seq = n; UPDATE audit SET seq = n WHERE seq = n + 1;
    UPDATE audit SET seq = n + 1 WHERE seq = -1
    """,
    """
    UPDATE audit SET (record, leaf_hash) = (SELECT record, leaf_hash FROM audit WHERE seq = n + 1)
    WHERE seq = n
    """,
    "DELETE FROM audit WHERE seq >= n",
  ]

  @Test(arguments: edits) func `the check names the first record that was touched`(_ edit: String) throws {
    do { _ = try filled(40) }
    let whole = scratch.bytes("state.db")
    for place in [1, 2, 17, 38] as [Int64] {
      try scratch.write(whole, "state.db")
      try scratch.set(mode: 0o600, "state.db")
      let sql = edit.replacing("n + 1", with: "\(place + 1)").replacing(
        "= n", with: "= \(place)")
      let triggers = ["audit_no_update", "audit_no_delete", "audit_in_order"].map { "DROP TRIGGER \($0);" }
      #expect(scratch.tamper("PRAGMA foreign_keys=OFF;" + triggers.joined() + sql), "\(sql)")
      guard case .broken(let found, let reason) = try scratch.store().checkAudit() else {
        Issue.record("not found: \(sql)")
        continue
      }
      #expect(found == place, "\(sql): \(reason)")
    }
  }

  @Test func `an intact log is intact`() throws {
    #expect(try filled(40).checkAudit() == .intact(count: 40))
  }

  /// A random sequence of acts is the sequence of records.
  @Test func `every act, attempt and outcome has its record, in order`() throws {
    let store = try scratch.store()
    var random = Seeded(11)
    var expected: [String] = []
    var open: [Attempt] = []
    for index in 0..<300 {
      let record = record("a\(index)", at: Int64(index))
      switch random.below(4) {
      case 0:
        try store.act(record) { (_) throws(StoreError) in }
        expected.append("act a\(index) done")
      case 1:
        _ = failure { () throws(StoreError) in
          try store.act(record) { (_) throws(StoreError) in throw .misuse(reason: "on purpose") }
        }
        expected.append("act a\(index) failed")
      case 2:
        open.append(try store.attempt(record))
        expected.append("attempt a\(index) ")
      default:
        guard !open.isEmpty else { continue }
        let attempt = open.remove(at: random.below(open.count))
        try store.outcome(of: attempt, "running", at: moment(Int64(index)))
        expected.append("outcome \(attempt.record.act) running")
      }
    }
    let found = try store.auditEntries(tenant: "default").map { "\($0.phase) \($0.record.act) \($0.outcome)" }
    #expect(found == expected)
    let left = try store.openAttempts(tenant: "default").map(\.sequence)
    #expect(left == open.map(\.sequence).sorted())
    #expect(try store.checkAudit() == .intact(count: Int64(expected.count) + 1))
  }
}
