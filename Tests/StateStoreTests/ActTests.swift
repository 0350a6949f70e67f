import Bytes
import Documents
import StateStore
import Testing

@Suite("Acts and their records") struct ActTests {
  private let scratch = Scratch()

  @Test func `a fresh store has the default tenant and the record of its making`() throws {
    let store = try scratch.store()
    #expect(try store.tenants().map(\.name) == ["default"])
    let entries = try store.auditEntriesOfEveryTenant()
    #expect(entries.map(\.record.act) == ["state.create"])
    #expect(entries.map(\.record.time) == [moment()])
    _ = try scratch.store()
    #expect(try store.auditEntriesOfEveryTenant().count == 1)
  }

  @Test func `an act and its record are there together`() throws {
    let store = try scratch.store()
    let version = try store.act(record("policy.create", object: "strict")) {
      (transaction) throws(StoreError) in
      try transaction.addPolicyVersion(name: "strict", type: "sev", value: 5)
    }
    #expect(version == 1)
    let again = try scratch.store()
    #expect(try again.policy(tenant: "default", name: "strict")?.value == 5)
    let entry = try #require(try again.auditEntries(tenant: "default").last)
    #expect(entry.record == record("policy.create", object: "strict"))
    #expect(entry.phase == .act)
    #expect(entry.outcome == "done")
  }

  private enum Refusal: StoreFailure, Equatable {
    case mine
    case store(StoreError)
    init(_ error: StoreError) { self = .store(error) }
  }

  @Test func `a body that throws leaves no change, its own error and a record of the failure`() throws {
    let store = try scratch.store()
    let error = #expect(throws: Refusal.self) {
      try store.act(record("guest.define", object: "web")) { (transaction) throws(Refusal) in
        do throws(StoreError) { try transaction.insert(guest("web")) } catch { throw Refusal(error) }
        throw .mine
      }
    }
    #expect(error == .mine)
    #expect(try store.guests(tenant: "default", uri: uri).isEmpty)
    let entry = try #require(try store.auditEntries(tenant: "default").last)
    #expect(entry.record.act == "guest.define")
    #expect(entry.outcome == "failed")
  }

  @Test func `an attempt is on disk before the act, its outcome comes once`() throws {
    let store = try scratch.store()
    let attempt = try store.attempt(record("guest.start", object: "web")) {
      (transaction) throws(StoreError) in
      try transaction.insert(launch("l1", of: "web"))
    }
    #expect(
      try scratch.store().openAttempts(tenant: "default").map(\.record) == [
        record("guest.start", object: "web")
      ])
    #expect(try store.launch(tenant: "default", id: "l1")?.outcome == "running")
    try store.outcome(of: attempt, "destroyed", at: moment(9), detail: ["reason": "digest"]) {
      (transaction) throws(StoreError) in
      var ended = launch("l1", of: "web")
      ended.outcome = "destroyed"
      ended.endedAt = transaction.time
      try transaction.update(ended)
    }
    #expect(try store.openAttempts(tenant: "default").isEmpty)
    #expect(try store.launch(tenant: "default", id: "l1")?.endedAt == moment(9))
    let entry = try #require(try store.auditEntries(tenant: "default").last)
    #expect(entry.attempt == attempt.sequence)
    #expect(entry.outcome == "destroyed")
    #expect(entry.record == record("guest.start", object: "web", detail: ["reason": "digest"], at: 9))
    let again = failure { () throws(StoreError) in try store.outcome(of: attempt, "running", at: moment()) }
    #expect(again?.kind == "conflict")
  }

  @Test func `an outcome belongs to an attempt`() throws {
    let store = try scratch.store()
    let foreign = try Scratch().store()
    for _ in 0..<2 {
      let stray = try foreign.attempt(record())
      let error = failure { () throws(StoreError) in try store.outcome(of: stray, "x", at: moment()) }
      #expect(error?.kind == "notFound")
      try store.act(record()) { (_) throws(StoreError) in }
    }
  }

  @Test func `reads within an act see its changes, an act within an act is a mistake`() throws {
    let store = try scratch.store()
    let error = failure { () throws(StoreError) in
      try store.act(record()) { (transaction) throws(StoreError) in
        try transaction.insert(guest("web"))
        #expect(try transaction.guest(tenant: "default", uri: uri, name: "web") != nil)
        #expect(try store.guest(tenant: "default", uri: uri, name: "web") != nil)
        try store.act(record()) { (_) throws(StoreError) in }
      }
    }
    #expect(error?.kind == "misuse")
    #expect(try store.guests(tenant: "default", uri: uri).isEmpty)
  }

  @Test func `nothing is done for a tenant that there is not`() throws {
    let store = try scratch.store()
    func expectNoTenant(_ act: (borrowing Transaction) throws(StoreError) -> Void) {
      let error = failure { () throws(StoreError) in try store.act(record(tenant: "ghost"), act) }
      #expect(error == .notFound(kind: "tenant", name: "ghost"))
    }
    expectNoTenant { (transaction) throws(StoreError) in try transaction.insert(guest("web")) }
    expectNoTenant { (transaction) throws(StoreError) in
      try transaction.addPolicyVersion(name: "p", type: "sev", value: 1)
    }
    expectNoTenant { (transaction) throws(StoreError) in try transaction.insert(launch("l", of: "web")) }
    expectNoTenant { (transaction) throws(StoreError) in
      try transaction.setHostCertificate(host: "h", cek: [], ask: nil, ark: nil)
    }
    expectNoTenant { (transaction) throws(StoreError) in
      try transaction.insertWrappedKey(object: "o", purpose: "p", version: 1, state: "active", envelope: [])
    }
    #expect(try store.integrityProblems().isEmpty)
  }

  @Test func `no record, no act: an act is refused while the file cannot be written`() throws {
    do { try scratch.store().fillWithTwins() }
    let reader = try StateStore(path: scratch.path, access: .readOnly, at: moment())
    let error = failure { () throws(StoreError) in
      try reader.act(record()) { (_) throws(StoreError) in Issue.record("the body ran") }
    }
    #expect(error?.kind == "unwritable")
    #expect(failure { () throws(StoreError) in try reader.attempt(record()) }?.kind == "unwritable")
    #expect(try reader.guests(tenant: "acme", uri: uri).count == 1)
  }

  @Test func `no record, no act: a locked store refuses before the body runs`() throws {
    let (holder, waiter) = (try scratch.store(), try scratch.store(patience: .milliseconds(30)))
    try holder.act(record()) { (_) throws(StoreError) in
      let error = failure { () throws(StoreError) in
        try waiter.act(record()) { (_) throws(StoreError) in Issue.record("the body ran") }
      }
      #expect(error?.kind == "locked")
    }
  }
}
