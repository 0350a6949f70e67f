import CVMCrypto
import StateStore
import Testing
import Vault

@Suite("Versions of a tenant's KEK") struct KEKVersionsTests {
  private let scratch = Scratch()

  private func act<R>(
    _ store: StateStore, _ body: (borrowing Transaction) throws(VaultError) -> R
  ) throws(VaultError) -> R {
    let record = AuditRecord(
      time: moment, tenant: "default", actor: "uid:0", act: "test.act", object: "kek")
    return try store.act(record, body)
  }

  private func insert(_ envelope: [UInt8], _ transaction: borrowing Transaction) throws(VaultError) {
    do throws(StoreError) {
      try transaction.insertWrappedKey(
        object: "launch/1", purpose: "tek", version: 7, state: "active", envelope: envelope)
    } catch { throw .store(error) }
  }

  @Test func `a new one seals, the one before opens what it has sealed`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let old = try vault.wrap(secret("x"), for: context(), at: moment)
    let version = try act(store) { transaction throws(VaultError) in try vault.addKEK(in: transaction) }
    #expect(version == 2)
    let new = try vault.wrap(secret("x"), for: context(), at: moment)
    #expect(try Envelope(parsing: old).kekVersion == 1 && Envelope(parsing: new).kekVersion == 2)
    for vault in [vault, try scratch.vault()] {
      #expect(try vault.unwrap(old, for: context()) == secret("x"))
      #expect(try vault.unwrap(new, for: context()) == secret("x"))
      #expect(try vault.supersededKEKs(of: "default") == [1])
    }
  }

  @Test func `an envelope is sealed anew once, and opens in its own place only`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let old = try vault.wrap(secret("x"), for: context(), at: moment)
    _ = try act(store) { transaction throws(VaultError) in try vault.addKEK(in: transaction) }
    let rewrapping = try vault.rewrapping(of: "default", at: moment)
    let place = context()
    let fresh = try #require(
      try rewrapping.envelope(old, object: place.object, version: place.version, purpose: place.purpose))
    #expect(try vault.unwrap(fresh, for: place) == secret("x"))
    #expect(
      try rewrapping.envelope(fresh, object: place.object, version: place.version, purpose: place.purpose)
        == nil)
    let error = failure { () throws(VaultError) in
      try rewrapping.envelope(old, object: "launch/2", version: place.version, purpose: place.purpose)
    }
    #expect(error == .notAuthentic(object: "launch/2"))
  }

  @Test func `one that something hangs on is not destroyed; one that nothing hangs on is, everywhere`() throws
  {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let old = try vault.wrap(secret("x"), for: context(), at: moment)
    try act(store) { transaction throws(VaultError) in try insert(old, transaction) }
    _ = try act(store) { transaction throws(VaultError) in try vault.addKEK(in: transaction) }
    #expect(
      try !act(store) { transaction throws(VaultError) in try vault.destroyKEK(1, in: transaction) })
    #expect(try vault.unwrap(old, for: context()) == secret("x"))
    let sealed = try #require(try store.wrappedKeys(tenant: "default", sealedBy: 1, limit: 9).first)
    let kek = try #require(try store.wrappedKeys(tenant: "default").first { $0.object == "kek" }).envelope
    try act(store) { transaction throws(VaultError) in
      let fresh = try vault.rewrapping(of: "default", at: moment).envelope(
        sealed.envelope, object: sealed.object, version: 7, purpose: sealed.purpose)
      do throws(StoreError) { try transaction.replace(sealed, with: fresh ?? []) } catch {
        throw .store(error)
      }
    }
    #expect(try act(store) { transaction throws(VaultError) in try vault.destroyKEK(1, in: transaction) })
    try store.checkpoint()
    for vault in [vault, try scratch.vault()] {
      let error = failure { () throws(VaultError) in try vault.unwrap(old, for: context()) }
      #expect(error == .keyMissing(object: "kek"))
      #expect(try vault.supersededKEKs(of: "default").isEmpty)
    }
    for (name, bytes) in try scratch.files() {
      #expect(!bytes.holds(Array(kek.suffix(40))), "\(name) holds the destroyed KEK")
    }
  }
}

extension [UInt8] {
  fileprivate func holds(_ needle: [UInt8]) -> Bool {
    indices.contains { self[$0] == needle[0] && self[$0...].starts(with: needle) }
  }
}
