import Bytes
import CVMCore
import CVMCrypto
import StateStore
import Testing
import Vault

/// Public keys that somebody who can write the database puts in the place of others.
@Suite("public keys in the store") struct SharingTests {
  private let desk: Desk

  init() throws { desk = try Desk() }

  private func store() throws -> StateStore { try StateStore(path: desk.scratch.file("state"), at: .now()) }

  private func record(_ tenant: String) -> AuditRecord {
    AuditRecord(time: .now(), tenant: tenant, actor: "test", act: "swap", object: "key")
  }

  @Test func `that of a tenant which holds its own key is not exchanged for another tenant's`() throws {
    for tenant in ["acme", "rival"] {
      _ = try RecipientFiles.create(desk.scratch.file(tenant))
      _ = try desk.core.createTenant(tenant, labels: [], holder: desk.scratch.file(tenant + ".pub"))
    }
    let acme = try desk.core(tenant: "acme")
    _ = try acme.createKey("a", purpose: nil, algorithm: .aes256, rotation: KeyRotation())
    let store = try store()
    let own = try #require(try store.wrappedKeys(tenant: "acme", object: "kek", purpose: "wrap").first)
    let theirs = try #require(try store.wrappedKeys(tenant: "rival", object: "kek", purpose: "wrap").first)
    #expect(own.algorithm == "x-wing-held")
    func put(_ envelope: [UInt8]) throws {
      try store.act(record("acme")) { (transaction) throws(StoreError) in
        try transaction.updateWrappedKey(
          object: "kek", purpose: "wrap", version: 1, state: "active", envelope: envelope)
      }
    }
    func make(_ name: String) throws -> CoreError? {
      let core = try desk.core(tenant: "acme")
      return refusal {
        _ = try core.createKey(name, purpose: nil, algorithm: .aes256, rotation: KeyRotation())
      }
    }
    try put(theirs.envelope)
    guard case .vault(.notAuthentic("kek"))? = try make("b") else {
      Issue.record("sealed to another's key")
      return
    }
    try put(own.envelope)
    #expect(try make("b") == nil)
  }

  @Test func `that of a signing key is confirmed by the private one before it leaves`() throws {
    let core = desk.core
    _ = try core.createKey("id", purpose: "id-block", algorithm: .p384, rotation: KeyRotation())
    _ = try core.exportPublicKey("id", version: nil, to: desk.scratch.file("own"), evenCompromised: false)
    let store = try store()
    let vault = try Vault(store: store, actor: "test")
    let context = KeyContext(tenant: "default", object: "key/id", version: 2, purpose: "id-block")
    let envelope = try vault.wrap(try P384.PrivateKey().scalar(), for: context, at: .now())
    let another = try P384.PrivateKey().publicKey.point
    try store.act(record("default")) { (transaction) throws(StoreError) in
      try transaction.insertWrappedKey(
        object: "key/id", purpose: "id-block", version: 2, state: "active", envelope: envelope,
        publicKey: another)
    }
    guard
      case .store(.corrupt)? = refusal({
        _ = try core.exportPublicKey("id", version: nil, to: desk.scratch.file("x"), evenCompromised: false)
      })
    else {
      Issue.record("another's public key left")
      return
    }
    #expect(!desk.scratch.names.contains("x"))
  }
}
