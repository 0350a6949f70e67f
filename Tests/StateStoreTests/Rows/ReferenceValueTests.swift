import StateStore
import Testing

@Suite("reference values in the store") struct ReferenceValueTests {
  private let scratch = Scratch()

  @Test func `are numbered on, and a deleted one keeps its number`() throws {
    let store = try scratch.store()
    func add(_ name: String) throws {
      try store.act(record()) { (transaction) throws(StoreError) in
        let version = try transaction.nextReferenceVersion(name: name)
        try transaction.insertReferenceValue(
          name: name, version: version, value: [UInt8(version)], signature: [7])
      }
    }
    for name in ["web", "db", "web", "web"] { try add(name) }
    #expect(try store.referenceValue(tenant: "default", name: "web")?.value == [3])
    #expect(try store.referenceValue(tenant: "default", name: "web", version: 1)?.value == [1])
    #expect(try store.referenceValue(tenant: "default", name: "web", version: 4) == nil)
    #expect(try store.referenceValues(tenant: "default").map(\.name) == ["db", "web"])
    #expect(
      try store.referenceValues(tenant: "default", allVersions: true).map(\.version) == [1, 3, 2, 1])
    func delete(_ version: Int64?) -> String? {
      failure { () throws(StoreError) in
        try store.act(record()) { (transaction) throws(StoreError) in
          try transaction.deleteReferenceValue(name: "web", version: version)
        }
      }?.kind
    }
    #expect(delete(3) == nil && delete(3) == "notFound")
    // The newest that is left.
    #expect(try store.referenceValue(tenant: "default", name: "web")?.value == [2])
    #expect(try store.referenceValues(tenant: "default").map(\.version) == [1, 2])
    #expect(delete(nil) == nil && delete(nil) == "notFound")
    #expect(try store.referenceValue(tenant: "default", name: "web", version: 1) == nil)
    try add("web")
    #expect(try store.referenceValue(tenant: "default", name: "web")?.version == 4)
  }

  @Test func `outlive their tenant's destruction, and go with it`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    try store.act(record(tenant: "acme")) { (transaction) throws(StoreError) in
      try transaction.destroyTenant()
    }
    #expect(try store.referenceValues(tenant: "acme").count == 1)
    try store.act(record(tenant: "acme")) { (transaction) throws(StoreError) in
      try transaction.deleteGuest(uri: uri, uuid: "uuid-acme")
      try transaction.deleteTenant()
    }
    #expect(try store.referenceValues(tenant: "acme", allVersions: true).isEmpty)
    #expect(try store.referenceValues(tenant: "rival").count == 1)
  }
}
