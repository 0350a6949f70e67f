import Bytes
import CVMCore
import Foundation
import StateStore
import Testing
import Vault

@Suite("the rotation of a tenant's KEK") struct KEKRotationTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  private func store() throws -> StateStore { try StateStore(path: desk.scratch.file("state"), at: .now()) }

  private func fill(_ count: Int) throws {
    for number in 0..<count {
      _ = try desk.core.createKey(
        "k\(number)", purpose: "disk", algorithm: .aes256, rotation: KeyRotation())
    }
  }

  private func exported() throws -> [String: Data] {
    var keys: [String: Data] = [:]
    for key in try desk.core.keys() {
      let path = desk.scratch.file(UUID().uuidString)
      _ = try desk.core.exportKey(key.name, version: nil, to: path, evenCompromised: false)
      keys[key.name] = try Data(contentsOf: URL(fileURLWithPath: path))
    }
    return keys
  }

  private func keks() throws -> [String] {
    try store().wrappedKeys(tenant: "default", object: "kek", purpose: "wrap").map {
      "\($0.version) \($0.state)"
    }
  }

  private func record(_ act: String) -> AuditRecord {
    AuditRecord(time: .now(), tenant: "default", actor: "uid:0", act: act, object: "kek")
  }

  @Test func `wraps every key anew and destroys the old KEK`() throws {
    try fill(5)
    let before = try exported()
    let rotation = try desk.core.rotateKEK()
    #expect(rotation.version == 2 && rotation.rewrapped == 5 && rotation.destroyed == [1])
    #expect(!rotation.resumed)
    #expect(try keks() == ["1 destroyed", "2 active"])
    #expect(try !store().holdsEnvelopes(tenant: "default", sealedBy: 1))
    #expect(try exported() == before)
    #expect(try desk.core(tenant: "default").rotateKEK().version == 3)
    #expect(try exported() == before)
  }

  @Test func `goes on where it was interrupted, without a further KEK`() throws {
    try fill(5)
    let before = try exported()
    // As a process leaves it that died after the new KEK and some of the keys.
    let store = try store()
    let vault = try Vault(store: store, actor: "uid:0")
    _ = try store.act(record("kek.rotate")) { transaction throws(VaultError) in
      try vault.addKEK(in: transaction)
    }
    for key in try store.wrappedKeys(tenant: "default", sealedBy: 1, limit: 2) {
      try store.act(record("key.rewrap")) { transaction throws(VaultError) in
        let fresh = try vault.rewrapping(of: "default", at: .now()).envelope(
          key.envelope, object: key.object, version: 1, purpose: key.purpose)
        do throws(StoreError) { try transaction.replace(key, with: fresh ?? []) } catch {
          throw .store(error)
        }
      }
    }
    #expect(try exported() == before, "keys of both KEKs open meanwhile")
    // Opened, so the rest is wrapped anew as well.
    #expect(try !store.holdsEnvelopes(tenant: "default", sealedBy: 1))
    let rotation = try desk.core.rotateKEK()
    #expect(rotation.resumed && rotation.version == 2 && rotation.destroyed == [1])
    #expect(try keks() == ["1 destroyed", "2 active"] && exported() == before)
  }

  @Test func `keeps the keys of a launch that is under way`() throws {
    try desk.define("launch: {type: sev}")
    _ = try desk.start(StartOptions(staysPaused: true))
    let rotation = try desk.core.rotateKEK()
    #expect(rotation.rewrapped == 1 && rotation.destroyed == [1])
    #expect(try desk.keepsKeys())
    #expect(try desk.core.injectSecrets(.secrets([desk.secret]), into: "web1").secretsInjected == 1)
  }

  @Test func `concerns one tenant only`() throws {
    try fill(1)
    let act = AuditRecord(
      time: .now(), tenant: "acme", actor: "uid:0", act: "tenant.create", object: "acme")
    try store().act(act) { (transaction) throws(StoreError) in try transaction.createTenant() }
    let acme = try desk.core(tenant: "acme")
    _ = try acme.createKey("k", purpose: "disk", algorithm: .aes256, rotation: KeyRotation())
    #expect(try acme.rotateKEK().rewrapped == 1)
    #expect(try keks() == ["1 active"])
    #expect(try exported().count == 1)
  }
}
