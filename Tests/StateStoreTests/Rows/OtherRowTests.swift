import StateStore
import Testing

@Suite("Tenants, policies, launches, certificates and keys") struct OtherRowTests {
  private let scratch = Scratch()

  @discardableResult
  private func act<R>(
    _ store: StateStore, tenant: String = "default", at seconds: Int64 = 0,
    _ body: (borrowing Transaction) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    try store.act(record(tenant: tenant, at: seconds), body)
  }

  private func refusal(
    _ store: StateStore, tenant: String = "default",
    _ body: (borrowing Transaction) throws(StoreError) -> Void
  ) -> String? {
    failure { () throws(StoreError) in try act(store, tenant: tenant, body) }?.kind
  }

  @Test func `a tenant is made once, gets a state, and goes when nothing is left of it`() throws {
    let store = try scratch.store()
    try act(store, tenant: "acme", at: 3) { (transaction) throws(StoreError) in try transaction.createTenant()
    }
    #expect(
      refusal(store, tenant: "acme") { (transaction) throws(StoreError) in try transaction.createTenant() }
        == "exists")
    #expect(
      refusal(store, tenant: "") { (transaction) throws(StoreError) in try transaction.createTenant() }
        == "misuse")
    try act(store, tenant: "acme") { (transaction) throws(StoreError) in
      try transaction.setTenantState(.suspended)
    }
    let row = try #require(try store.tenantRow("acme"))
    #expect(row.state == .suspended)
    #expect(row.createdAt == moment(3))
    try act(store, tenant: "acme") { (transaction) throws(StoreError) in try transaction.insert(guest("web"))
    }
    #expect(
      refusal(store, tenant: "acme") { (transaction) throws(StoreError) in try transaction.deleteTenant() }
        == "conflict")
    try act(store, tenant: "acme") { (transaction) throws(StoreError) in
      try transaction.deleteGuest(uri: uri, uuid: "uuid of web")
      try transaction.deleteTenant()
    }
    #expect(try store.tenants().map(\.name) == ["default"])
    #expect(
      refusal(store, tenant: "acme") { (transaction) throws(StoreError) in try transaction.deleteTenant() }
        == "notFound")
    #expect(try !store.auditEntries(tenant: "acme").isEmpty)
  }

  @Test func `a policy's versions are numbered on and stay readable when it is deleted`() throws {
    let store = try scratch.store()
    for value in [5, .max] as [UInt64] {
      try act(store) { (transaction) throws(StoreError) in
        try transaction.addPolicyVersion(name: "p", type: "sev", value: value, rules: "{\"a\":1}", note: "n")
      }
    }
    #expect(try store.policy(tenant: "default", name: "p")?.value == .max)
    #expect(try store.policies(tenant: "default").map(\.version) == [2])
    try act(store) { (transaction) throws(StoreError) in try transaction.deletePolicy(name: "p") }
    #expect(try store.policy(tenant: "default", name: "p") == nil)
    #expect(try store.policies(tenant: "default").isEmpty)
    #expect(try store.policy(tenant: "default", name: "p", version: 1)?.value == 5)
    #expect(
      refusal(store) { (transaction) throws(StoreError) in try transaction.deletePolicy(name: "p") }
        == "notFound")
    let version = try act(store) { (transaction) throws(StoreError) in
      try transaction.addPolicyVersion(name: "p", type: "sev", value: 1)
    }
    #expect(version == 3)
    #expect(try store.policies(tenant: "default").map(\.version) == [3])
    #expect(try store.policyVersions(tenant: "default", name: "p").map(\.isDeleted) == [true, true, false])
  }

  @Test func `launches come newest first and are changed by their id`() throws {
    let store = try scratch.store()
    try act(store) { (transaction) throws(StoreError) in
      for (index, id) in ["b", "a", "c"].enumerated() {
        try transaction.insert(launch(id, of: "web", at: Int64(index / 2)))
      }
      try transaction.insert(launch("d", of: "db", at: 9))
    }
    #expect(
      try store.launches(tenant: "default", uri: uri, guestUUID: "uuid of web").map(\.id) == ["c", "a", "b"])
    #expect(try store.launches(tenant: "default", limit: 2).map(\.id) == ["d", "c"])
    var ended = launch("a", of: "web")
    (ended.endedAt, ended.outcome, ended.secretsInjected) = (moment(60), "destroyed", 2)
    (ended.wrappedTEK, ended.wrappedTIK) = (nil, [])
    try act(store) { (transaction) throws(StoreError) in try transaction.update(ended) }
    #expect(try store.launch(tenant: "default", id: "a") == ended)
    #expect(try store.launch(tenant: "default", id: "b") == launch("b", of: "web"))
    #expect(refusal(store) { (transaction) throws(StoreError) in try transaction.insert(ended) } == "exists")
    #expect(
      refusal(store) { (transaction) throws(StoreError) in try transaction.update(launch("x", of: "web")) }
        == "notFound")
  }

  @Test func `a host's certificates are replaced and removed`() throws {
    let store = try scratch.store()
    for (index, ask) in ([nil, [7]] as [[UInt8]?]).enumerated() {
      try act(store, at: Int64(index)) { (transaction) throws(StoreError) in
        try transaction.setHostCertificate(host: uri, cek: [UInt8(index)], ask: ask, ark: nil)
      }
    }
    let row = try #require(try store.hostCertificate(tenant: "default", host: uri))
    #expect(row.cek == [1] && row.ask == [7] && row.ark == nil && row.importedAt == moment(1))
    try act(store) { (transaction) throws(StoreError) in try transaction.deleteHostCertificate(host: uri) }
    #expect(try store.hostCertificates(tenant: "default").isEmpty)
    #expect(
      refusal(store) { (transaction) throws(StoreError) in try transaction.deleteHostCertificate(host: uri) }
        == "notFound")
  }

  @Test func `a key has versions, changes its envelope, and is gone from the files when it is erased`() throws
  {
    let store = try scratch.store()
    let secret = Array("an envelope that must vanish".utf8)
    #expect(try !store.hasWrappedKeys())
    try act(store) { (transaction) throws(StoreError) in
      for version in [2, 1] as [Int64] {
        try transaction.insertWrappedKey(
          object: "o", purpose: "p", version: version, state: "active", envelope: secret)
      }
    }
    #expect(try store.hasWrappedKeys())
    #expect(try store.wrappedKeys(tenant: "default", object: "o", purpose: "p").map(\.version) == [1, 2])
    #expect(scratch.stateContains(secret))
    try act(store) { (transaction) throws(StoreError) in
      for version in [2, 1] as [Int64] {
        try transaction.updateWrappedKey(
          object: "o", purpose: "p", version: version, state: "destroyed", envelope: [])
      }
    }
    try store.checkpoint()
    #expect(!scratch.stateContains(secret))
    #expect(try store.wrappedKeys(tenant: "default").map(\.state) == ["destroyed", "destroyed"])
    #expect(
      refusal(store) { (transaction) throws(StoreError) in
        try transaction.insertWrappedKey(object: "o", purpose: "p", version: 1, state: "active", envelope: [])
      } == "exists")
    #expect(
      refusal(store) { (transaction) throws(StoreError) in
        try transaction.updateWrappedKey(object: "o", purpose: "p", version: 3, state: "active", envelope: [])
      } == "notFound")
  }
}

extension Scratch {
  func stateContains(_ needle: [UInt8]) -> Bool {
    ["state.db", "state.db-wal"].contains { name in
      let bytes = bytes(name)
      return bytes.indices.contains { bytes[$0...].starts(with: needle) }
    }
  }
}
