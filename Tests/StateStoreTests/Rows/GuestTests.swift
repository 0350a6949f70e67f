import StateStore
import Testing

@Suite("Guests") struct GuestTests {
  private let scratch = Scratch()

  @discardableResult
  private func act<R>(
    _ store: StateStore, tenant: String = "default", at seconds: Int64 = 0,
    _ body: (borrowing Transaction) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    try store.act(record(tenant: tenant, at: seconds), body)
  }

  @Test func `a guest comes back as it was given, with its times`() throws {
    let store = try scratch.store()
    var plain = guest("plain")
    (plain.policyName, plain.policyVersion, plain.policyValue) = (nil, nil, nil)
    try act(store, at: 5) { (transaction) throws(StoreError) in
      try transaction.insert(guest("web"))
      try transaction.insert(plain)
    }
    let row = try #require(try store.guest(tenant: "default", uri: uri, name: "web"))
    #expect(row.content == guest("web"))
    #expect(row.createdAt == moment(5))
    #expect(row.updatedAt == moment(5))
    #expect(row.revision == 1)
    #expect(try store.guest(tenant: "default", uri: uri, uuid: "uuid of plain")?.content == plain)
    #expect(
      try store.guests(tenant: "default", uri: uri).map(Shown.init) == [Shown(plain), Shown(guest("web"))])
  }

  @Test func `on a host a name and a UUID stand once, whoever they belong to`() throws {
    let store = try scratch.store()
    try store.fillWithTwins()
    try act(store) { (transaction) throws(StoreError) in try transaction.insert(guest("web")) }
    for taken in [
      guest("web", uuid: "other"), guest("other", uuid: "uuid of web"), guest("web-acme", uuid: "x"),
    ] {
      let error = failure { () throws(StoreError) in
        try act(store) { (transaction) throws(StoreError) in try transaction.insert(taken) }
      }
      #expect(error?.kind == "exists")
    }
    try act(store) { (transaction) throws(StoreError) in try transaction.insert(guest("web", uri: "sim:///a"))
    }
    #expect(try store.guests(tenant: "default", uri: "sim:///a").count == 1)
  }

  @Test func `a change counts the revision up and refuses one that was read earlier`() throws {
    let store = try scratch.store()
    try act(store) { (transaction) throws(StoreError) in try transaction.insert(guest("web")) }
    var changed = guest("web")
    (changed.name, changed.definition, changed.labels) = ("www", "<domain/>", "{}")
    let revision = try act(store, at: 7) { (transaction) throws(StoreError) in
      try transaction.update(changed, revision: 1)
    }
    #expect(revision == 2)
    let row = try #require(try store.guest(tenant: "default", uri: uri, name: "www"))
    #expect(row.content == changed)
    #expect(row.createdAt == moment())
    #expect(row.updatedAt == moment(7))
    #expect(try store.guest(tenant: "default", uri: uri, name: "web") == nil)
    let stale = failure { () throws(StoreError) in
      try act(store) { (transaction) throws(StoreError) in try transaction.update(guest("web"), revision: 1) }
    }
    #expect(stale?.kind == "conflict")
    #expect(try store.guest(tenant: "default", uri: uri, name: "www")?.content == changed)
  }

  @Test func `a guest cannot take another's name`() throws {
    let store = try scratch.store()
    try act(store) { (transaction) throws(StoreError) in
      try transaction.insert(guest("a"))
      try transaction.insert(guest("b"))
    }
    let error = failure { () throws(StoreError) in
      try act(store) { (transaction) throws(StoreError) in
        try transaction.update(guest("b", uuid: "uuid of a"), revision: 1)
      }
    }
    #expect(error?.kind == "exists")
  }

  @Test func `a guest that is removed takes its definition with it and leaves its launches`() throws {
    let store = try scratch.store()
    try act(store) { (transaction) throws(StoreError) in
      try transaction.insert(guest("web"))
      try transaction.insert(launch("l1", of: "web"))
      try transaction.deleteGuest(uri: uri, uuid: "uuid of web")
    }
    #expect(try store.guests(tenant: "default", uri: uri).isEmpty)
    #expect(try store.launches(tenant: "default").count == 1)
    try act(store) { (transaction) throws(StoreError) in try transaction.insert(guest("web")) }
    let error = failure { () throws(StoreError) in
      try act(store) { (transaction) throws(StoreError) in try transaction.deleteGuest(uri: uri, uuid: "none")
      }
    }
    #expect(error?.kind == "notFound")
  }

  @Test func `a list of 10,000 is complete and in the order of names`() throws {
    let store = try scratch.store()
    let names = (0..<10_000).map { "guest-\(($0 &* 7919) % 10_000)" }
    try act(store) { (transaction) throws(StoreError) in
      for name in names { try transaction.insert(guest(name)) }
    }
    let found = try store.guests(tenant: "default", uri: uri)
    #expect(found.map(\.name) == names.sorted())
    #expect(found.first.map(Shown.init) == Shown(guest("guest-0")))
    #expect(try store.guestsOfEveryTenant(uri: uri) == found)
  }

  @Test func `hostile texts are kept as they are`() throws {
    let store = try scratch.store()
    for (index, name) in ["'; DROP TABLE guest; --", "a\0b", "\u{1B}[2J\n", "é", "e\u{301}", "%", ""]
      .enumerated()
    {
      try act(store) { (transaction) throws(StoreError) in
        try transaction.insert(guest(name, uuid: "\(index)"))
      }
      #expect(try store.guest(tenant: "default", uri: uri, name: name)?.summary.uuid == "\(index)")
    }
    #expect(try store.guests(tenant: "default", uri: uri).count == 7)
  }
}

/// What a list shows of a guest.
private struct Shown: Equatable {
  var texts: [String?]
  var numbers: [UInt64?]

  init(_ summary: GuestSummary) {
    texts = [
      summary.tenant, summary.uri, summary.name, summary.uuid, summary.type, summary.policyName,
      summary.labels,
    ]
    numbers = [summary.policyVersion.map { UInt64($0) }, summary.policyValue]
  }

  init(_ guest: GuestContent, tenant: String = "default") {
    texts = [tenant, guest.uri, guest.name, guest.uuid, guest.type, guest.policyName, guest.labels]
    numbers = [guest.policyVersion.map { UInt64($0) }, guest.policyValue]
  }
}
