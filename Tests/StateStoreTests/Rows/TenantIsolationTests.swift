import StateStore
import Testing

/// Two tenants own things of the same names; each read is asked for one and must show nothing of the other.
@Suite("Tenant isolation") struct TenantIsolationTests {
  private let scratch = Scratch()

  @Test(arguments: [("acme", "rival"), ("rival", "acme")])
  func `every read shows a tenant's own and nothing else`(_ own: String, _ other: String) throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    #expect(try store.guests(tenant: own, uri: uri).map(\.name) == ["web-\(own)"])
    #expect(try store.guests(tenant: own, policy: "strict").map(\.name) == ["web-\(own)"])
    #expect(try store.guest(tenant: own, uri: uri, name: "web-\(own)") != nil)
    #expect(try store.guest(tenant: own, uri: uri, name: "web-\(other)") == nil)
    #expect(try store.guest(tenant: own, uri: uri, uuid: "uuid-\(other)") == nil)
    #expect(try store.policies(tenant: own).map(\.note) == [own])
    #expect(try store.policy(tenant: own, name: "strict")?.note == own)
    #expect(try store.policy(tenant: own, name: "strict", version: 1)?.note == own)
    #expect(try store.policyVersions(tenant: own, name: "strict").map(\.note) == [own])
    #expect(try store.launches(tenant: own).map(\.id) == ["launch-\(own)"])
    #expect(
      try store.launches(tenant: own, uri: uri, guestUUID: "uuid of web").map(\.id) == ["launch-\(own)"])
    #expect(try store.launch(tenant: own, id: "launch-\(other)") == nil)
    #expect(try store.hostCertificate(tenant: own, host: uri)?.cek == Array(own.utf8))
    #expect(try store.hostCertificates(tenant: own).map(\.cek) == [Array(own.utf8)])
    #expect(try store.wrappedKeys(tenant: own).map(\.envelope) == [Array(own.utf8)])
    #expect(
      try store.wrappedKeys(tenant: own, object: "disk", purpose: "data").map(\.envelope) == [Array(own.utf8)]
    )
    #expect(
      try store.wrappedKey(tenant: own, object: "disk", purpose: "data", version: 1)?.envelope
        == Array(own.utf8))
    #expect(try store.referenceValues(tenant: own).map(\.value) == [Array(own.utf8)])
    #expect(try store.referenceValues(tenant: own, allVersions: true).map(\.tenant) == [own])
    #expect(try store.referenceValue(tenant: own, name: "web")?.value == Array(own.utf8))
    #expect(try store.referenceValue(tenant: own, name: "web", version: 1)?.tenant == own)
    #expect(try store.auditEntries(tenant: own).map(\.record.tenant) == [own])
    _ = try store.attempt(record("guest.start", tenant: own))
    #expect(try store.openAttempts(tenant: own).count == 1)
    #expect(try store.openAttempts(tenant: other).isEmpty)
  }

  @Test(arguments: [("acme", "rival"), ("rival", "acme")])
  func `another tenant's rows cannot be changed and read as absent`(_ own: String, _ other: String) throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    let before = try Self.contents(of: store, other)
    func expectAbsent(_ act: (borrowing Transaction) throws(StoreError) -> Void) {
      let error = failure { () throws(StoreError) in try store.act(record(tenant: own), act) }
      #expect(error?.kind == "notFound")
    }
    expectAbsent { (transaction) throws(StoreError) in
      try transaction.update(guest("web-\(other)", uuid: "uuid-\(other)"), revision: 1)
    }
    expectAbsent { (transaction) throws(StoreError) in
      try transaction.deleteGuest(uri: uri, uuid: "uuid-\(other)")
    }
    expectAbsent { (transaction) throws(StoreError) in
      try transaction.update(launch("launch-\(other)", of: "web"))
    }
    try store.act(record(tenant: own)) { (transaction) throws(StoreError) in
      try transaction.deletePolicy(name: "strict")
      try transaction.deleteReferenceValue(name: "web", version: nil)
      try transaction.deleteHostCertificate(host: uri)
      try transaction.updateWrappedKey(
        object: "disk", purpose: "data", version: 1, state: "gone", envelope: [])
      try transaction.setTenantState(.suspended)
    }
    #expect(try Self.contents(of: store, other) == before)
  }

  @Test func `who runs the store can ask whose a guest is`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    #expect(try store.tenantOfGuest(uri: uri, uuid: "uuid-rival") == "rival")
    #expect(try store.tenantOfGuest(uri: "sim:///a", uuid: "uuid-rival") == nil)
    #expect(try store.guestsOfEveryTenant(uri: uri).map(\.tenant) == ["acme", "rival"])
  }

  @Test(arguments: ["Acme", "acme ", " acme", "acme%", "acme\0", "ac\u{0301}me", "../acme", "a_me", "", "*"])
  func `a name that resembles a tenant's is another's`(_ name: String) throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    #expect(try store.tenantRow(name) == nil)
    #expect(try store.guests(tenant: name, uri: uri).isEmpty)
    #expect(try store.wrappedKeys(tenant: name).isEmpty)
  }

  private static func contents(of store: StateStore, _ tenant: String) throws(StoreError) -> String {
    let parts: [Any] = [
      try store.guests(tenant: tenant, uri: uri), try store.policies(tenant: tenant),
      try store.launches(tenant: tenant), try store.hostCertificates(tenant: tenant),
      try store.wrappedKeys(tenant: tenant), try store.tenantRow(tenant) as Any,
      try store.referenceValues(tenant: tenant, allVersions: true),
    ]
    return parts.map { String(describing: $0) }.joined()
  }
}
