import Bytes
import CVMCore
import CVMCrypto
import PostQuantum
import Foundation
import StateStore
import Testing
import Vault

@Suite("a destroyed tenant") struct DestructionTests {
  let desk: Desk
  let acme: Core

  init() throws {
    desk = try Desk()
    acme = try desk.core(tenant: "acme")
  }

  private var state: String { desk.scratch.file("state") }

  private func open() throws -> (StateStore, Vault) {
    let store = try StateStore(path: state, at: .now())
    return (store, try Vault(store: store, actor: "test"))
  }

  private func context(_ index: Int, _ tenant: String) -> KeyContext {
    KeyContext(tenant: tenant, object: "key/\(index)", version: 1, purpose: "data")
  }

  /// So many wrapped keys of a tenant, put in by turns from both ends, so that pages are split.
  private func fill(_ tenant: String, _ count: Int) throws -> [[UInt8]] {
    let (store, vault) = try open()
    return try (0..<count).map { index in
      let envelope = try vault.wrap(try SecretBytes.random(32), for: context(index, tenant), at: .now())
      let object = context(index, tenant).object
      let record = AuditRecord(time: .now(), tenant: tenant, actor: "test", act: "key.create", object: object)
      try store.act(record) { (transaction) throws(StoreError) in
        try transaction.insertWrappedKey(
          object: object, purpose: "data", version: 1, state: "active", envelope: envelope)
      }
      return envelope
    }
  }

  /// How many of these stand in any file of the state directory.
  private func found(_ envelopes: [[UInt8]]) throws -> Int {
    let contents = try FileManager.default.subpathsOfDirectory(atPath: state).compactMap {
      FileManager.default.contents(atPath: "\(state)/\($0)")
    }
    return envelopes.count { envelope in
      // A part from the middle: a page may keep less than the whole.
      contents.contains { $0.range(of: Data(envelope[20..<60])) != nil }
    }
  }

  @Test func `has not one byte of a wrapped key left in a file, and no other tenant loses any`() throws {
    let own = try fill("acme", 200)
    let others = try fill("default", 20)
    #expect(try found(own) == own.count && found(others) == others.count)
    let certificate = try desk.core.destroyTenant("acme")
    #expect(try found(own) == 0)
    #expect(try found(others) == others.count)
    #expect(certificate.keys == own.count + 1 && certificate.launchKeys == 0)
    let (_, vault) = try open()
    #expect(throws: VaultError.self) { try vault.unwrap(own[0], for: context(0, "acme")) }
    #expect(try vault.unwrap(others[0], for: context(0, "default")).count == 32)
    #expect(try StateStore(path: state, access: .readOnly, at: .now()).integrityProblems().isEmpty)
  }

  @Test func `has a certificate that names every envelope by its hash, printed and kept`() throws {
    let own = try fill("acme", 3)
    let certificate = try desk.core.destroyTenant("acme")
    let hashes = Set(try own.map { Hex.encode(try SHA256.hash($0)) })
    let named = try #require(certificate.envelopes)
    #expect(hashes.isSubset(of: Set(named.map(\.sha256))))
    #expect(named.map(\.object) == ["kek", "key/0", "key/1", "key/2"])
    #expect(certificate.tenant == "acme" && certificate.destroyedBy.hasPrefix("uid:"))
    // Asked for again it says the same.
    var again = try desk.core.destroyTenant("acme")
    again.note = certificate.note
    #expect(again == certificate)
    #expect(try desk.audit(tenant: "acme").last == "tenant.destroy done")
  }

  @Test func `has a certificate that both keys of the log have signed, and no other`() throws {
    _ = try fill("acme", 3)
    let note = try #require(try desk.core.destroyTenant("acme").note)
    let keys = try desk.core.auditKeys().map(\.text)
    func reason(_ text: String, _ keys: [String]) throws -> String {
      let path = try desk.scratch.write(text, to: "\(UInt32.random(in: 0 ... .max))")
      do {
        return "accepted: \(try DestructionCertificate.verified(path, keys: keys).tenant)"
      } catch CoreError.refused(let text, _) {
        return text.replacing(path + ": ", with: "")
      } catch CoreError.malformedBytes {
        return "malformed"
      } catch CoreError.usage {
        return "usage"
      }
    }
    #expect(try reason(note, keys) == "accepted: acme")
    #expect(try reason(note, [keys[0] + "\n" + keys[1]]) == "accepted: acme")
    // A changed byte of what is signed, wherever it is.
    let lines = note.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for (text, changed) in [
      ("\"keys\":4", "\"keys\":3"), ("acme", "acmf"), ("\"escrow\":[]", "\"escrow\":[ ]"),
    ] {
      #expect(
        try reason(note.replacing(text, with: changed), keys).contains("signature does not fit"), "\(text)")
    }
    let origin = lines[1]
    #expect(
      try reason(note.replacing("destruction/v1", with: "destruction/v2"), keys).contains(
        "not a certificate of destruction"))
    // A missing line: of the text, then each signature.
    #expect(
      try reason((lines[..<2] + lines[3...]).joined(separator: "\n"), keys).contains("signature does not fit")
    )
    for (missing, algorithm) in [(4, "ed25519"), (5, "MLDSA65-Ed25519-SHA512")] {
      let text = (lines[..<missing] + lines[(missing + 1)...]).joined(separator: "\n")
      #expect(try reason(text, keys) == "has no signature of that log's \(algorithm) key")
    }
    #expect(try reason(lines[..<4].joined(separator: "\n") + "\n", keys) == "malformed")
    // A changed byte of a signature.
    for line in [4, 5] {
      var spoilt = lines
      let tail = spoilt[line].suffix(12)
      spoilt[line] = String(spoilt[line].dropLast(12) + String(tail.reversed()))
      #expect(try reason(spoilt.joined(separator: "\n"), keys) != "accepted: acme")
    }
    // One key alone does not do, nor do those of another log.
    for key in keys { #expect(try reason(note, [key]) == "usage") }
    let other = try Desk()
    let foreign = try other.core.auditKeys()
    #expect(
      try reason(note, foreign.map(\.text))
        == "a certificate of the log '\(origin)', not of '\(foreign[0].name)'")
    // Keys that call themselves this log's are not the ones that signed.
    let posing = try foreign.map { try VerifierKey(name: origin, $0.key).text }
    #expect(try reason(note, posing) == "has no signature of that log's ed25519 key")
    #expect(
      try reason(note, [keys[0], posing[1]]) == "has no signature of that log's MLDSA65-Ed25519-SHA512 key")
  }

  @Test func `is not erased by a vault that cannot sign`() throws {
    let own = try fill("acme", 2)
    let root = state + "/vault/root.key"
    try FileManager.default.moveItem(atPath: root, toPath: root + ".away")
    guard case .vault(.rootMissing)? = refusal({ _ = try desk.core.destroyTenant("acme") }) else {
      Issue.record("erased without a certificate")
      return
    }
    #expect(try found(own) == own.count)
    try FileManager.default.moveItem(atPath: root + ".away", toPath: root)
    _ = try desk.core.destroyTenant("acme")
    #expect(try found(own) == 0)
  }

  @Test func `names the keys of a launch too`() throws {
    _ = try acme.define(
      DefinitionSource(try desk.scratch.write(desk.yaml(["launch: {type: sev}"]), to: "g.yaml")),
      DefinitionOverrides())
    _ = try acme.start("web1", StartOptions(staysPaused: true), progress: { _ in })
    guard case .conflict? = refusal({ _ = try desk.core.destroyTenant("acme") }) else {
      Issue.record("destroyed under a guest")
      return
    }
    // Ended behind our back: its keys are still kept.
    desk.host.state = .shutOff
    let certificate = try desk.core.destroyTenant("acme")
    #expect(certificate.launchKeys == 2 && certificate.keys == 1)
    let row = try #require(
      try StateStore(path: state, access: .readOnly, at: .now()).launches(tenant: "acme").first)
    #expect(row.wrappedTEK == nil && row.wrappedTIK == nil)
    #expect(try desk.core.tenantOverview("acme").launches == 1)
  }

  @Test func `starts nothing, is not resumed, and its credentials are not accepted`() throws {
    _ = try acme.define(
      DefinitionSource(try desk.scratch.write(desk.yaml(["launch: {type: sev}"]), to: "g.yaml")),
      DefinitionOverrides())
    _ = try desk.core.createToken(of: "acme", file: desk.scratch.file("token"))
    let credential = try Credential.read(desk.scratch.file("token"))
    _ = try desk.core.destroyTenant("acme")
    guard
      case .policy(.tenantDestroyed("acme"))? = refusal({
        _ = try acme.start("web1", StartOptions(), progress: { _ in })
      })
    else {
      Issue.record("started")
      return
    }
    guard case .store(.conflict(_, _, _))? = refusal({ _ = try desk.core.resumeTenant("acme") }) else {
      Issue.record("resumed")
      return
    }
    guard case .forbidden? = refusal({ _ = try desk.core(named: nil, credential: credential) }) else {
      Issue.record("accepted")
      return
    }
    #expect(try acme.guests(GuestFilter()).map(\.name) == ["web1"])
    guard case .store(.conflict(_, _, _))? = refusal({ _ = try desk.core.deleteTenant("acme") }) else {
      Issue.record("deleted with a guest")
      return
    }
    _ = try acme.undefine("web1", UndefineOptions())
    _ = try desk.core.deleteTenant("acme")
    #expect(try desk.core.tenants().map(\.name) == ["default"])
  }

  @Test func `has no guests on hosts that are not asked`() throws {
    let (store, _) = try open()
    let record = AuditRecord(time: .now(), tenant: "acme", actor: "test", act: "guest.define", object: "far")
    try store.act(record) { (transaction) throws(StoreError) in
      try transaction.insert(
        GuestContent(uri: "qemu:///far", name: "far", uuid: "u", type: "sev", definition: "<domain/>"))
    }
    guard case .conflict? = refusal({ _ = try desk.core.destroyTenant("acme") }) else {
      Issue.record("destroyed")
      return
    }
    #expect(try desk.core.tenantOverview("acme").state == "active")
  }
}
