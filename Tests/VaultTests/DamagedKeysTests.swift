import Bytes
import CVMCrypto
import Foundation
import StateStore
import Testing
import Vault

/// Bytes of the database that change under the keys. All places take long: `make torture` asks for them.
@Suite("keys in a damaged database") struct DamagedKeysTests {
  private let scratch = Scratch()
  private let context = { @Sendable (tenant: String, index: Int) in
    KeyContext(tenant: tenant, object: "key/\(index)", version: 1, purpose: "data")
  }
  private static let count = 80

  init() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "test")
    // One tenant after the other, so that most pages are of one of them.
    for tenant in ["acme", "rival"] {
      try store.act(record(tenant)) { (transaction) throws(StoreError) in
        try transaction.createTenant()
      }
      try vault.prepare(tenant, at: .now())
      for index in 0..<Self.count {
        let context = context(tenant, index)
        let secret = SecretBytes(copying: [UInt8](repeating: UInt8(index), count: 32))
        let envelope = try vault.wrap(secret, for: context, at: .now())
        try store.act(record(tenant)) { (transaction) throws(StoreError) in
          try transaction.insertWrappedKey(
            object: context.object, purpose: context.purpose, version: 1, state: "active", envelope: envelope)
        }
      }
    }
  }

  private func record(_ tenant: String) -> AuditRecord {
    AuditRecord(time: .now(), tenant: tenant, actor: "test", act: "key.create", object: "key")
  }

  private var database: String { scratch.file("state.db") }

  /// How many of a tenant's keys open; every one that does is what it was.
  private func opened(of tenant: String) -> Int {
    guard let store = try? StateStore(path: scratch.path, access: .readOnly, at: .now()),
      let vault = try? Vault(store: store, actor: "test")
    else { return 0 }
    return (0..<Self.count).count { index in
      let context = context(tenant, index)
      guard
        let row = try? store.wrappedKey(
          tenant: tenant, object: context.object, purpose: context.purpose, version: 1),
        let secret = try? vault.unwrap(row.envelope, for: context)
      else { return false }
      #expect(secret == SecretBytes(copying: [UInt8](repeating: UInt8(index), count: 32)))
      return true
    }
  }

  /// The pages with envelopes, by the tenants whose they are.
  private func pages(of bytes: [UInt8]) throws -> [Int: Set<String>] {
    let size = Int(bytes[16]) << 8 | Int(bytes[17])
    var pages: [Int: Set<String>] = [:]
    let store = try StateStore(path: scratch.path, access: .readOnly, at: .now())
    let data = Data(bytes)
    for tenant in ["acme", "rival"] {
      for row in try store.wrappedKeys(tenant: tenant) {
        let place = try #require(data.range(of: Data(row.envelope)), "an envelope on two pages")
        pages[place.lowerBound / size, default: []].insert(tenant)
      }
    }
    return pages
  }

  @Test(.timeLimit(.minutes(60)))
  func `are found damaged or open as they were, and another tenant's stay usable`()
    throws
  {
    #expect(opened(of: "acme") == Self.count && opened(of: "rival") == Self.count)
    let bytes = [UInt8](try #require(FileManager.default.contents(atPath: database)))
    let size = Int(bytes[16]) << 8 | Int(bytes[17])
    let pages = try pages(of: bytes)
    #expect(Set(pages.values).isSuperset(of: [["acme"], ["rival"]]))
    let all = pages.keys.sorted().flatMap { Array(($0 * size)..<(($0 + 1) * size)) }
    var random = Seeded(77)
    let isTorture = ProcessInfo.processInfo.environment["CVM_TORTURE"] != nil
    let places = isTorture ? all : (0..<200).map { _ in all[random.below(all.count)] }
    var found = 0
    for place in places {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(random.below(8))
      // In place: the file stays the owner's, with its mode.
      try #require(FileHandle(forWritingAtPath: database)).write(contentsOf: Data(damaged))
      let owners = try #require(pages[place / size])
      for tenant in ["acme", "rival"] {
        let count = opened(of: tenant)
        if !owners.contains(tenant) { #expect(count == Self.count, "byte \(place): \(tenant)") }
        if count < Self.count { found += 1 }
      }
    }
    #expect(found >= places.count / 2)
    try #require(FileHandle(forWritingAtPath: database)).write(contentsOf: Data(bytes))
    #expect(opened(of: "acme") == Self.count && opened(of: "rival") == Self.count)
  }
}
