import CVMCrypto
import Foundation
import StateStore
import Synchronization
import Testing
import Vault

@Suite("Vault") struct VaultTests {
  private let scratch = Scratch()

  @Test func `a secret comes back in this and the next process`() throws {
    let envelope = try scratch.vault().wrap(secret("a transport key"), for: context(), at: moment)
    #expect(try scratch.vault().unwrap(envelope, for: context()) == secret("a transport key"))
  }

  @Test(arguments: [1, 16, 65_536]) func `secrets of any allowed size come back`(_ count: Int) throws {
    let vault = try scratch.vault()
    let secret = try SecretBytes.random(count)
    #expect(try vault.unwrap(vault.wrap(secret, for: context(), at: moment), for: context()) == secret)
  }

  @Test(arguments: [0, 65_537]) func `what could not be opened again is not wrapped`(_ count: Int) throws {
    let vault = try scratch.vault()
    let error = failure { () throws(VaultError) in
      try vault.wrap(SecretBytes(count: count), for: context(), at: moment)
    }
    #expect(error == .crypto(.invalidInput("a secret of \(count) bytes")))
  }

  @Test func `the name of the vault's own keys is not given away`() throws {
    let vault = try scratch.vault()
    let error = failure { () throws(VaultError) in
      try vault.wrap(secret("x"), for: context(object: "kek"), at: moment)
    }
    #expect(error == .crypto(.invalidInput("'kek' is the name of the vault's own keys")))
  }

  @Test func `two envelopes of one secret differ`() throws {
    let vault = try scratch.vault()
    let envelopes = try (0..<100).map { _ in try vault.wrap(secret("x"), for: context(), at: moment) }
    #expect(Set(envelopes).count == 100)
  }

  @Test func `no envelope opens in another's place`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    var places: [KeyContext] = []
    for tenant in ["default", "acme"] {
      if tenant != "default" { try store.createTenant(tenant) }
      for object in ["a", "b"] {
        for version in [1, 2] as [UInt32] {
          for purpose in ["tek", "tik"] {
            places.append(context(tenant: tenant, object: object, version: version, purpose: purpose))
          }
        }
      }
    }
    let envelopes = try places.map { try vault.wrap(secret("\($0)"), for: $0, at: moment) }
    for (own, envelope) in zip(places, envelopes) {
      for place in places {
        let error = failure { () throws(VaultError) in try vault.unwrap(envelope, for: place) }
        #expect(error == (place == own ? nil : .notAuthentic(object: place.object)), "\(own) in \(place)")
      }
    }
  }

  @Test func `a tenant's KEK is made once, in an audited act`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:1000")
    #expect(try !store.hasWrappedKeys())
    for object in ["a", "b"] { _ = try vault.wrap(secret("x"), for: context(object: object), at: moment) }
    let keys = try store.wrappedKeys(tenant: "default")
    #expect(keys.map { "\($0.object) \($0.purpose) \($0.version) \($0.state)" } == ["kek wrap 1 active"])
    let entries = try store.auditEntries(tenant: "default")
    #expect(
      entries.map { "\($0.record.actor) \($0.record.act) \($0.record.object)" } == ["uid:1000 key.create kek"]
    )
    #expect(entries.map(\.record.time) == [moment])
  }

  @Test func `a tenant that there is not gets no key`() throws {
    let vault = try scratch.vault()
    let error = failure { () throws(VaultError) in
      try vault.wrap(secret("x"), for: context(tenant: "ghost"), at: moment)
    }
    #expect(error == .store(.notFound(kind: "tenant", name: "ghost")))
    #expect(
      failure { () throws(VaultError) in try vault.unwrap([], for: context(tenant: "ghost")) } != nil)
  }

  @Test func `a KEK that was moved from another tenant does not open`() throws {
    let store = try scratch.store()
    let vault = try Vault(store: store, actor: "uid:0")
    let envelope = try vault.wrap(secret("x"), for: context(), at: moment)
    let kek = try #require(try store.wrappedKeys(tenant: "default").first).envelope
    try store.createTenant("acme")
    let record = AuditRecord(time: moment, tenant: "acme", actor: "uid:0", act: "key.create", object: "kek")
    try store.act(record) { (transaction) throws(StoreError) in
      try transaction.insertWrappedKey(
        object: "kek", purpose: "wrap", version: 1, state: "active", envelope: kek)
    }
    let fresh = try scratch.vault()
    let error = failure { () throws(VaultError) in try fresh.unwrap(envelope, for: context(tenant: "acme")) }
    #expect(error == .notAuthentic(object: "kek"))
    #expect(try fresh.unwrap(envelope, for: context()) == secret("x"))
  }

  @Test(.timeLimit(.minutes(60))) func `many who come first share one root key and one KEK`() throws {
    let path = scratch.path
    let envelopes = Mutex<[[UInt8]]>([])
    let errors = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      do {
        let store = try StateStore(path: path, patience: .seconds(60), at: moment)
        let vault = try Vault(store: store, actor: "uid:0", patience: .seconds(60))
        for _ in 0..<5 {
          let envelope = try vault.wrap(secret("x"), for: context(), at: moment)
          envelopes.withLock { $0.append(envelope) }
        }
      } catch { errors.withLock { $0.append("\(error)") } }
    }
    #expect(errors.withLock { $0 } == [])
    let vault = try scratch.vault()
    for envelope in envelopes.withLock({ $0 }) {
      #expect(try vault.unwrap(envelope, for: context()) == secret("x"))
    }
    #expect(try scratch.store().wrappedKeys(tenant: "default").count == 1)
  }

  @Test(.timeLimit(.minutes(60))) func `one vault serves many threads`() throws {
    let vault = try scratch.vault()
    let errors = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { index in
      do {
        for round in 0..<20 {
          let text = "\(index) \(round)"
          let envelope = try vault.wrap(secret(text), for: context(object: text), at: moment)
          if try vault.unwrap(envelope, for: context(object: text)) != secret(text) {
            throw VaultError.keyMissing(object: text)
          }
        }
      } catch { errors.withLock { $0.append("\(error)") } }
    }
    #expect(errors.withLock { $0 } == [])
  }

  @Test func `no secret is in any file`() throws {
    let canary = try SecretBytes.random(32)
    let vault = try scratch.vault()
    let envelope = try vault.wrap(canary, for: context(), at: moment)
    let store = try scratch.store()
    let record = AuditRecord(
      time: moment, tenant: "default", actor: "uid:0", act: "key.create", object: "disk")
    try store.act(record) { (transaction) throws(StoreError) in
      try transaction.insertWrappedKey(
        object: "disk", purpose: "data", version: 1, state: "active", envelope: envelope)
    }
    let root = Array(scratch.bytes("vault/root.key")[8..<40])
    let plain = canary.withBytes { unsafe Array($0) }
    for (name, bytes) in try scratch.files() {
      #expect(!bytes.contains(plain), "\(name) holds the secret")
      if name != "vault/root.key" { #expect(!bytes.contains(root), "\(name) holds the root key") }
    }
  }
}

extension [UInt8] {
  fileprivate func contains(_ needle: [UInt8]) -> Bool {
    indices.contains { self[$0] == needle[0] && self[$0...].starts(with: needle) }
  }
}
