import StateStore
import Testing

@Suite("tenants, their credentials and their end") struct TenantTests {
  let scratch = Scratch()

  private func act(
    _ store: StateStore, _ tenant: String, _ body: (borrowing Transaction) throws(StoreError) -> Void
  ) throws(StoreError) {
    try store.act(record(tenant: tenant), body)
  }

  @Test func `are counted by what they own, without the keys that do not count`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    try act(store, "acme") { (transaction) throws(StoreError) in
      for (object, state) in [("kek", "active"), ("disk2", "active"), ("disk3", "destroyed")] {
        try transaction.insertWrappedKey(
          object: object, purpose: "data", version: 1, state: state, envelope: [1])
      }
    }
    let holdings = try store.tenantHoldings(uncounted: "kek")
    #expect(holdings["acme"] == TenantHoldings(guests: 1, keys: 2, launches: 1))
    #expect(holdings["rival"] == TenantHoldings(guests: 1, keys: 1, launches: 1))
    #expect(holdings["default"] == nil)
    for name in ["acme", "rival", "default", "nosuch"] {
      #expect(
        try store.holdings(ofTenant: name, uncounted: "kek") == holdings[name] ?? TenantHoldings(), "\(name)")
    }
  }

  @Test func `have labels that are theirs`() throws {
    let store = try scratch.store()
    try act(store, "acme") { (transaction) throws(StoreError) in
      try transaction.createTenant(labels: #"{"a":"b"}"#)
    }
    #expect(try store.tenantRow("acme")?.labels == #"{"a":"b"}"#)
    try act(store, "acme") { (transaction) throws(StoreError) in try transaction.setTenantLabels("{}") }
    #expect(try store.tenants().map(\.labels) == ["{}", "{}"])
  }

  @Test func `have credentials by their hash, of which another's transaction removes none`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    let digest = [UInt8](repeating: 7, count: 32)
    try act(store, "acme") { (transaction) throws(StoreError) in
      try transaction.insertTenantToken(id: "t1", digest: digest)
    }
    #expect(try store.tenantToken(digest: digest)?.tenant == "acme")
    #expect(try store.tenantToken(digest: [UInt8](repeating: 8, count: 32)) == nil)
    for (id, bytes) in [("t1", [UInt8](repeating: 9, count: 32)), ("t2", digest)] {
      let problem = failure { () throws(StoreError) in
        try act(store, "rival") { (transaction) throws(StoreError) in
          try transaction.insertTenantToken(id: id, digest: bytes)
        }
      }
      #expect(problem?.kind == "exists")
    }
    let problem = failure { () throws(StoreError) in
      try act(store, "rival") { (transaction) throws(StoreError) in
        try transaction.deleteTenantToken(id: "t1")
      }
    }
    #expect(problem?.kind == "notFound")
    #expect(try store.tokensOfEveryTenant().map(\.id) == ["t1"])
    try act(store, "acme") { (transaction) throws(StoreError) in try transaction.deleteTenantToken(id: "t1") }
    #expect(try store.tenantTokens(tenant: "acme").isEmpty)
  }

  @Test func `end with every envelope, and leave another's alone`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    let digests = try store.envelopeDigests(tenant: "acme")
    #expect(digests.map(\.object) == ["disk", "launch/launch-acme"])
    #expect(digests.allSatisfy { $0.sha256.count == 32 })
    try act(store, "acme") { (transaction) throws(StoreError) in try transaction.destroyTenant() }
    try store.purge()
    #expect(try store.tenantRow("acme")?.state == .destroyed)
    #expect(try store.envelopeDigests(tenant: "acme").isEmpty)
    #expect(try store.wrappedKeys(tenant: "acme").map(\.state) == ["destroyed"])
    #expect(try store.envelopeDigests(tenant: "rival").count == 2)
    #expect(scratch.bytes(StateStore.fileName + "-wal").isEmpty)
    #expect(try store.integrityProblems().isEmpty)
    #expect(try store.checkAudit() == .intact(count: 4))
    // What is left of a destroyed tenant but its guests goes with it.
    try act(store, "acme") { (transaction) throws(StoreError) in
      try transaction.deleteGuest(uri: uri, uuid: "uuid-acme")
      try transaction.deleteTenant()
    }
    #expect(try store.tenants().map(\.name) == ["default", "rival"])
  }

  @Test func `say what they still have`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    let problem = failure { () throws(StoreError) in
      try act(store, "acme") { (transaction) throws(StoreError) in try transaction.deleteTenant() }
    }
    #expect(
      problem?.summary
        == "tenant 'acme' still has 1 guest, 1 launch record, 1 key, 1 policy version, 1 host certificate, 1 reference value"
    )
  }

  /// Each of these is a state directory that an older program has left.
  @Test(arguments: 1..<Schema.state.version)
  func `are there after a step from every older format`(_ version: Int) throws {
    let older = Schema(
      applicationID: Schema.state.applicationID, steps: Array(Schema.state.steps.prefix(version)))
    let database = try Database(StateStore.fileName, in: scratch.directory(), schema: older)
    try database.run("INSERT INTO tenant (name, state, created_at) VALUES ('acme', 'active', 1)")
    let store = try scratch.store()
    #expect(try store.tenantRow("acme")?.labels == "{}")
    #expect(try store.tokensOfEveryTenant().isEmpty)
    #expect(try store.auditEntriesOfEveryTenant().map(\.record.act) == ["state.migrate"])
    #expect(try store.integrityProblems().isEmpty)
  }
}
