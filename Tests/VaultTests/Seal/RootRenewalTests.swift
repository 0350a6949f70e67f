import Bytes
import CVMCrypto
import Foundation
import StateStore
import Testing
import Vault

@Suite("A new root key") struct RootRenewalTests {
  private let scratch = Scratch()
  private let store: StateStore
  private let vault: SealedVault

  /// Two tenants with a key encryption key and a secret each, and the audit log's key.
  init() throws {
    store = try scratch.store()
    try store.createTenant("acme")
    let first = try Vault(store: store, actor: "uid:1000")
    for tenant in ["default", "acme"] { try Self.keep(tenant, first, store) }
    _ = try first.auditSigner(at: moment)
    vault = try #require(try SealedVault(of: store, create: false, patience: .seconds(5)))
  }

  private static func keep(_ tenant: String, _ vault: Vault, _ store: StateStore) throws {
    let envelope = try vault.wrap(secret(tenant), for: context(tenant: tenant), at: moment)
    let record = AuditRecord(time: moment, tenant: tenant, actor: "uid:0", act: "key.create", object: "x")
    try store.act(record) { (transaction) throws(StoreError) in
      try transaction.insertWrappedKey(
        object: "launch/1", purpose: "tek", version: 7, state: "active", envelope: envelope)
    }
  }

  private func expectAllOpens() throws {
    let vault = try Vault(store: store, actor: "uid:1000")
    for tenant in ["default", "acme"] {
      let row = try #require(
        try store.wrappedKey(tenant: tenant, object: "launch/1", purpose: "tek", version: 7))
      #expect(try vault.unwrap(row.envelope, for: context(tenant: tenant)) == secret(tenant))
    }
    #expect(try vault.confirmAuditKey())
  }

  private var leftovers: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: scratch.file("vault"))) ?? []
    return names.filter { $0 != "root.key" }
  }

  /// The steps of a renewal, up to one of them.
  private func renew(_ steps: Int = 3, under seal: SealedVault.NewSeal = .file) throws {
    try vault.exclusively { () throws(VaultError) in
      let renewal = try vault.renewal(under: seal)
      let digest = try renewal.prepare()
      guard steps > 1 else { return }
      let record = AuditRecord(
        time: moment, tenant: "", actor: "uid:0", act: "vault.rekey", object: "root-key")
      try store.act(record) { (transaction) throws(VaultError) in
        try renewal.rewrap(digest, in: transaction)
      }
      if steps > 2 { try renewal.settle() }
    }
  }

  @Test func `opens all that the old one has opened, which opens nothing any more`() throws {
    let old = scratch.bytes("vault/root.key")
    try renew()
    #expect(scratch.bytes("vault/root.key") != old && leftovers.isEmpty)
    try expectAllOpens()
    try scratch.write(old, "vault/root.key")
    let stale = try Vault(store: store, actor: "uid:1000")
    #expect(throws: VaultError.notAuthentic(object: "kek")) {
      try stale.wrap(secret("x"), for: context(), at: moment)
    }
  }

  @Test func `leaves what the tenants' keys wrap as it is`() throws {
    let keeper = try Vault(store: store, actor: "uid:1000")
    let envelopes = try (0..<1000).map { number in
      try keeper.wrap(secret("\(number)"), for: context(object: "key/\(number)"), at: moment)
    }
    let record = AuditRecord(time: moment, tenant: "default", actor: "uid:0", act: "key.create", object: "x")
    try store.act(record) { (transaction) throws(StoreError) in
      for (number, envelope) in envelopes.enumerated() {
        try transaction.insertWrappedKey(
          object: "key/\(number)", purpose: "tek", version: 7, state: "active", envelope: envelope)
      }
    }
    let before = try store.wrappedKeys(tenant: "default")
    try renew()
    let after = try store.wrappedKeys(tenant: "default")
    #expect(before.count == 1002 && before.count == after.count)
    for (old, new) in zip(before, after) where old != new { #expect(old.object == "kek") }
    #expect(before.first { $0.object == "kek" } != after.first { $0.object == "kek" })
  }

  @Test func `that did not get to its act is dropped`() throws {
    let old = scratch.bytes("vault/root.key")
    try renew(1)
    #expect(leftovers == ["root.key.next"])
    try expectAllOpens()
    #expect(scratch.bytes("vault/root.key") == old && leftovers.isEmpty)
  }

  @Test func `that got to its act counts, whatever is called root key`() throws {
    try renew(2)
    let next = scratch.bytes("vault/root.key.next")
    try expectAllOpens()
    #expect(scratch.bytes("vault/root.key") == next && leftovers.isEmpty)
    try renew()
    try expectAllOpens()
  }

  @Test func `in the midst of its act counts for nobody`() throws {
    try renew()
    let before = scratch.bytes("vault/root.key")
    let record = AuditRecord(time: moment, tenant: "", actor: "uid:0", act: "vault.rekey", object: "root-key")
    #expect(throws: VaultError.keyMissing(object: "stop")) {
      try vault.exclusively { () throws(VaultError) in
        let renewal = try vault.renewal(under: .file)
        let digest = try renewal.prepare()
        try store.act(record) { (transaction) throws(VaultError) in
          try renewal.rewrap(digest, in: transaction)
          throw VaultError.keyMissing(object: "stop")
        }
      }
    }
    try expectAllOpens()
    #expect(scratch.bytes("vault/root.key") == before && leftovers.isEmpty)
  }

  @Test func `is not mixed with the old one by whoever has that open`() throws {
    try store.createTenant("late")
    let stale = try Vault(store: store, actor: "uid:1000")
    try renew(2)
    let changed = VaultError.changed(path: scratch.file("vault/root.key"))
    #expect(throws: changed) { try stale.wrap(secret("x"), for: context(tenant: "late"), at: moment) }
    #expect(throws: changed) { try stale.wrap(secret("x"), for: context(tenant: "acme"), at: moment) }
    #expect(try store.wrappedKeys(tenant: "late").isEmpty)
    try renew()
    #expect(throws: changed) { try stale.wrap(secret("x"), for: context(tenant: "late"), at: moment) }
    try expectAllOpens()
  }

  @Test func `is not made where an envelope is damaged`() throws {
    let row = try #require(try store.keysUnderRoot(object: "kek").first)
    let record = AuditRecord(time: moment, tenant: row.tenant, actor: "uid:0", act: "x", object: "x")
    try store.act(record) { (transaction) throws(StoreError) in
      var envelope = row.envelope
      envelope[envelope.count - 1] ^= 1
      try transaction.replace(row, with: envelope)
    }
    let before = try store.keysUnderRoot(object: "kek")
    #expect(throws: VaultError.notAuthentic(object: "kek 1 of tenant \(row.tenant)")) { try renew() }
    #expect(try store.keysUnderRoot(object: "kek") == before)
  }

  @Test func `leaves an older key of the audit log that a lost root key has sealed`() throws {
    let old = try #require(try store.auditKeys().last)
    let record = AuditRecord(time: moment, tenant: "", actor: "uid:0", act: "x", object: "x")
    try store.act(record) { (transaction) throws(StoreError) in
      var envelope = old.envelope
      envelope[envelope.count - 1] ^= 1
      try transaction.replaceEnvelope(ofAuditKey: old.version, with: envelope)
    }
    #expect(throws: VaultError.notAuthentic(object: "audit log")) { try renew() }
    try Vault(store: store, actor: "uid:1000").replaceAuditKey(at: moment)
    try renew()
    try expectAllOpens()
  }
}
