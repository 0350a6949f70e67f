import Bytes
import CVMCore
import Documents
import StateStore
import Testing

@Suite("Check of the state") struct StateCheckTests {
  private let desk: Desk
  private let store: StateStore

  init() throws {
    desk = try Desk()
    _ = try desk.core.createKey("disk", purpose: "disk", algorithm: .aes256, rotation: KeyRotation())
    store = try StateStore(path: desk.scratch.file("state"), at: .now())
  }

  private func bad() throws -> [String: String] {
    let rows = try desk.core.checkState().filter { $0.outcome == .bad }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.check, $0.detail) })
  }

  /// Changes an envelope as nobody does.
  private func change(_ object: String, _ edit: ([UInt8]) -> [UInt8]) throws {
    let row = try #require(try store.wrappedKeys(tenant: "default").first { $0.object == object })
    let record = AuditRecord(time: .now(), tenant: "default", actor: "uid:0", act: "x", object: object)
    try store.act(record) { (transaction) throws(StoreError) in
      try transaction.updateWrappedKey(
        object: row.object, purpose: row.purpose, version: row.version, state: row.state,
        envelope: edit(row.envelope))
    }
  }

  @Test func `names an envelope that is none, and one whose key is gone`() throws {
    #expect(try bad().isEmpty)
    try change("key/disk") { [0] + $0.dropFirst() }
    #expect(try bad()["envelopes"]?.contains("MAGIC") == true)
    try change("key/disk") { [0x43] + $0.dropFirst() }
    #expect(try bad().isEmpty)
    try change("key/disk") { Array($0[..<8]) + [9] + $0[9...] }
    #expect(try bad()["envelopes"] == "key/disk of default: sealed by key 9, which is not there")
    try change("key/disk") { Array($0[..<8]) + [1] + $0[9...] }
    try change("kek") { _ in [] }
    #expect(try bad()["envelopes"] == "key/disk of default: sealed by key 1, which is not there")
  }

  @Test func `without a database that opens goes on with what does not need it`() throws {
    try desk.scratch.write([UInt8](repeating: 0, count: 4096), to: "state/state.db")
    let rows = try desk.core.checkState()
    #expect(rows.map(\.check) == ["files", "leftovers", "database", "envelopes", "audit log", "root key"])
    #expect(rows.filter { $0.outcome == .skipped }.count == 3 && rows[2].outcome == .bad)
  }
}
