import CVMCrypto
import PostQuantum
import StateStore
import Testing
import Vault

@Suite("A KEK of X-Wing") struct XWingKEKTests {
  private let scratch = Scratch()

  private func migrated(_ store: StateStore, _ vault: Vault, to kind: KEKKind) throws {
    let record = AuditRecord(
      time: moment, tenant: "default", actor: "uid:0", act: "test.act", object: "kek")
    _ = try store.act(record) { transaction throws(VaultError) in
      try vault.addKEK(kind, in: transaction)
    }
  }

  @Test func `seals to its public key, opens after a restart, and what is older opens too`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let old = try vault.wrap(secret("x"), for: context(), at: moment)
    try migrated(store, vault, to: .xWing)
    let new = try vault.wrap(secret("x"), for: context(), at: moment)
    #expect(try Envelope(parsing: new).algorithm == .xWing && Envelope(parsing: old).algorithm == .aes256GCM)
    #expect(new.count == 0x1C + 1120 + 1 + 16)
    for vault in [vault, try scratch.vault()] {
      #expect(try vault.activeKind(of: "default") == .xWing)
      #expect(try vault.unwrap(old, for: context()) == secret("x"))
      #expect(try vault.unwrap(new, for: context()) == secret("x"))
    }
    // What is wrapped anew goes both ways.
    let place = context()
    for kind in [KEKKind.xWing, .aes256GCM] {
      if kind != .xWing { try migrated(store, vault, to: kind) }
      let rewrapping = try vault.rewrapping(of: "default", at: moment)
      let fresh = try rewrapping.envelope(
        kind == .xWing ? old : new, object: place.object, version: place.version, purpose: place.purpose)
      let envelope = try #require(fresh)
      #expect(try Envelope(parsing: envelope).algorithm == kind.sealing)
      #expect(try vault.unwrap(envelope, for: place) == secret("x"))
    }
  }

  @Test func `no changed byte of an envelope opens, nor one in another place`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    _ = try vault.wrap(secret("x"), for: context(), at: moment)
    try migrated(store, vault, to: .xWing)
    let envelope = try vault.wrap(secret("x"), for: context(), at: moment)
    for place in envelope.indices {
      var bytes = envelope
      bytes[place] ^= 0x80
      #expect(
        failure { () throws(VaultError) in try vault.unwrap(bytes, for: context()) } != nil, "byte \(place)")
    }
    let other = KeyContext(tenant: "default", object: "launch/2", version: 1, purpose: "tek")
    #expect(
      failure { () throws(VaultError) in try vault.unwrap(envelope, for: other) }
        == .notAuthentic(object: "launch/2"))
  }

  @Test func `a row that names another kind than the root key has sealed does not open`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    _ = try vault.wrap(secret("x"), for: context(), at: moment)
    try migrated(store, vault, to: .xWing)
    let envelope = try vault.wrap(secret("x"), for: context(), at: moment)
    let kek = try #require(
      try store.wrappedKeys(tenant: "default", object: "kek", purpose: "wrap").last)
    #expect(kek.algorithm == "x-wing")
    let record = AuditRecord(
      time: moment, tenant: "default", actor: "uid:0", act: "test.act", object: "kek")
    for (version, algorithm) in [(3, "aes-256-gcm"), (4, "x-wing"), (5, "rot13")] as [(Int64, String)] {
      try store.act(record) { (transaction) throws(StoreError) in
        try transaction.insertWrappedKey(
          object: "kek", purpose: "wrap", version: version, state: "active", envelope: kek.envelope,
          algorithm: algorithm)
      }
      let error = failure { () throws(VaultError) in
        try vault.wrap(secret("x"), for: context(), at: moment)
      }
      #expect(error == .notAuthentic(object: "kek"), "\(algorithm)")
    }
    #expect(try vault.unwrap(envelope, for: context()) == secret("x"))
  }
}
