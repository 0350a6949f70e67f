import StateStore
import Testing

@Suite("Named keys") struct NamedKeyTests {
  private let scratch = Scratch()

  private func make(
    _ store: StateStore, tenant: String = StateStore.defaultTenant, name: String = "disk"
  ) throws(StoreError) {
    try store.act(record(tenant: tenant)) { (transaction) throws(StoreError) in
      let key = try transaction.insertNamedKey(
        name: name, purpose: "disk", algorithm: "aes-256", rotateAfter: 60, maxUses: nil)
      for version in 1...2 as ClosedRange<Int64> {
        try transaction.insertWrappedKey(
          object: key.object, purpose: key.purpose, version: version, state: "active",
          envelope: Array(tenant.utf8))
      }
    }
  }

  @Test func `come back with their versions`() throws {
    let store = try scratch.store()
    try make(store)
    let key = try #require(try store.namedKey(tenant: "default", name: "disk"))
    #expect(key.purpose == "disk" && key.rotateAfter == 60 && key.maxUses == nil)
    try store.act(record(at: 5)) { (transaction) throws(StoreError) in
      try transaction.countUse(object: key.object, purpose: key.purpose, version: 2)
      try transaction.countUse(object: key.object, purpose: key.purpose, version: 2)
      try transaction.setKeyState(
        object: key.object, purpose: key.purpose, version: 1, state: "deactivated", reason: "ceased")
      try transaction.setRotation(ofKey: "disk", rotateAfter: nil, maxUses: 9)
    }
    let versions = try store.keyVersions(tenant: "default", of: key)
    #expect(versions.map(\.uses) == [0, 2] && versions.map(\.state) == ["deactivated", "active"])
    #expect(versions.map(\.reason) == ["ceased", nil] && versions.map(\.changedAt) == [moment(5), nil])
    #expect(try store.namedKey(tenant: "default", name: "disk")?.maxUses == 9)
    #expect(try store.keyVersions(tenant: "default") == versions)
  }

  @Test func `of another tenant are not there`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    try make(store, tenant: "acme")
    #expect(try store.namedKey(tenant: "rival", name: "disk") == nil)
    #expect(try store.namedKeys(tenant: "rival").isEmpty && store.keyVersions(tenant: "rival").isEmpty)
    func refused(_ body: (borrowing Transaction) throws(StoreError) -> Void) {
      let error = failure { () throws(StoreError) in try store.act(record(tenant: "rival"), body) }
      #expect(error?.kind == "notFound")
    }
    refused { (transaction) throws(StoreError) in
      try transaction.setRotation(ofKey: "disk", rotateAfter: 1, maxUses: 1)
    }
    refused { (transaction) throws(StoreError) in
      try transaction.countUse(object: "key/disk", purpose: "disk", version: 1)
    }
    refused { (transaction) throws(StoreError) in
      try transaction.setKeyState(
        object: "key/disk", purpose: "disk", version: 1, state: "destroyed", reason: nil)
    }
    try make(store, tenant: "rival")
    #expect(failure { () throws(StoreError) in try make(store, tenant: "rival") }?.kind == "exists")
  }

  @Test func `envelopes are found by the KEK that has sealed them, in their own tenant`() throws {
    func envelope(_ kek: UInt8) -> [UInt8] { Array("CVME\u{1}\u{1}\0\0".utf8) + [kek, 1, 0, 0] + [9, 9, 9] }
    let store = try scratch.store()
    try store.fillWithTwins()
    for tenant in ["acme", "rival"] {
      try store.act(record(tenant: tenant)) { (transaction) throws(StoreError) in
        for (version, kek) in [(1, 7), (2, 8), (3, 7)] as [(Int64, UInt8)] {
          try transaction.insertWrappedKey(
            object: "o", purpose: "p", version: version, state: "active", envelope: envelope(kek))
        }
        var row = launch("sealed-\(tenant)", of: "web")
        row.wrappedTEK = envelope(8)
        row.wrappedTIK = envelope(9)
        try transaction.insert(row)
      }
    }
    let found = try store.wrappedKeys(tenant: "acme", sealedBy: 0x107, limit: 9)
    #expect(found.map(\.version) == [1, 3] && found.map(\.envelope) == [envelope(7), envelope(7)])
    #expect(try store.wrappedKeys(tenant: "acme", sealedBy: 0x107, limit: 1).count == 1)
    for kek in [0x108, 0x109] as [UInt32] {
      #expect(try store.launches(tenant: "acme", sealedBy: kek, limit: 9).map(\.id) == ["sealed-acme"])
    }
    #expect(try store.holdsEnvelopes(tenant: "acme", sealedBy: 0x109))
    #expect(try !store.holdsEnvelopes(tenant: "acme", sealedBy: 0x10A))
    #expect(try !store.holdsEnvelopes(tenant: "default", sealedBy: 0x107))
    let error = failure { () throws(StoreError) in
      try store.act(record(tenant: "rival")) { (transaction) throws(StoreError) in
        try transaction.replace(found[0], with: [1])
      }
    }
    #expect(error?.kind == "notFound")
  }
}
