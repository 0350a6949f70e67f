import Bytes
import CVMCore
import CVMCrypto
import Foundation
import StateStore
import Testing
import Vault

@Suite("a tenant's keys") struct KeysTests {
  let desk: Desk

  init() throws { desk = try Desk() }

  @discardableResult
  private func create(_ name: String, _ core: Core? = nil) throws -> KeyInfo {
    try (core ?? desk.core).createKey(name, purpose: "disk", algorithm: .aes256, rotation: KeyRotation())
  }

  private func exported(_ name: String, version: Int64? = nil, core: Core? = nil) throws -> Data {
    let path = desk.scratch.file(UUID().uuidString)
    _ = try (core ?? desk.core).exportKey(name, version: version, to: path, evenCompromised: true)
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  private func states(_ name: String) throws -> [String] {
    try desk.core.keyDetails(name).history.map { "\($0.version) \($0.state.rawValue)" }
  }

  private func store() throws -> StateStore { try StateStore(path: desk.scratch.file("state"), at: .now()) }

  private func isConflict(_ error: CoreError?) -> Bool { if case .conflict = error { true } else { false } }
  private func isState(_ error: CoreError?, _ state: String) -> Bool {
    if case .policy(.keyState(_, _, let found)) = error { found == state } else { false }
  }

  @Test func `have versions, of which the newest is active`() throws {
    #expect(try create("disk").state == .active)
    let first = try exported("disk")
    #expect(first.count == 32)
    #expect(try desk.core.rotateKey("disk").version == 2)
    #expect(try states("disk") == ["1 deactivated", "2 active"])
    #expect(try exported("disk") != first && exported("disk", version: 1) == first)
    #expect(try desk.core.keyDetails("disk").history[0].reason == "superseded")
  }

  @Test func `are brought with their length checked, and rotated by what is brought`() throws {
    let passphrase = try desk.scratch.write("pass", to: "pass")
    func brought(_ name: String, _ algorithm: KeyAlgorithm) throws -> KeyInfo {
      try desk.core.importKey(
        name, from: passphrase, purpose: "disk", algorithm: algorithm, rotation: KeyRotation())
    }
    #expect(refusal { _ = try brought("a", .aes256) } != nil)
    #expect(try brought("b", .opaque).algorithm == "opaque")
    #expect(try exported("b") == Data("pass".utf8))
    #expect(refusal { _ = try desk.core.rotateKey("b") } != nil)
    try desk.scratch.write("next", to: "next")
    #expect(try desk.core.rotateKey("b", from: desk.scratch.file("next")).version == 2)
    #expect(try exported("b") == Data("next".utf8))
    let open = try desk.scratch.write("open", to: "open", mode: 0o644)
    let error = refusal {
      _ = try desk.core.importKey(
        "c", from: open, purpose: "disk", algorithm: .opaque, rotation: KeyRotation())
    }
    guard case .file(_, .tooOpen) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `go from state to state as the standard has it, never back`() throws {
    try create("disk")
    try create("other")
    _ = try desk.core.rotateKey("disk")
    _ = try desk.core.revokeKey("disk", version: 2, because: .ceased)
    #expect(try states("disk") == ["1 deactivated", "2 deactivated"])
    #expect(isConflict(refusal { _ = try desk.core.revokeKey("disk", version: nil, because: .superseded) }))
    _ = try desk.core.revokeKey("disk", version: nil, because: .compromised)
    #expect(try states("disk") == ["1 compromised", "2 compromised"])
    #expect(isConflict(refusal { _ = try desk.core.revokeKey("disk", version: 1, because: .compromised) }))
    #expect(isConflict(refusal { _ = try desk.core.revokeKey("disk", version: 1, because: .ceased) }))
    _ = try desk.core.destroyKey("disk", version: 1)
    #expect(try states("disk") == ["1 destroyed", "2 compromised"])
    #expect(isConflict(refusal { _ = try desk.core.destroyKey("disk", version: 1) }))
    _ = try desk.core.destroyKey("disk", version: nil)
    #expect(isConflict(refusal { _ = try desk.core.rotateKey("disk") }))
    #expect(refusal { try create("disk") } != nil, "its name is taken for ever")
    #expect(try states("other") == ["1 active"])
  }

  @Test func `are read with a compromised version by consent only, and not at all once destroyed`() throws {
    try create("disk")
    let path = desk.scratch.file("out")
    _ = try desk.core.revokeKey("disk", version: nil, because: .compromised)
    let error = refusal {
      _ = try desk.core.exportKey("disk", version: nil, to: path, evenCompromised: false)
    }
    #expect(isState(error, "compromised"))
    #expect(try exported("disk").count == 32)
    _ = try desk.core.destroyKey("disk", version: nil)
    #expect(isState(refusal { _ = try exported("disk") }, "destroyed"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `are in no file once they are destroyed`() throws {
    try create("disk")
    _ = try desk.core.rotateKey("disk")
    let envelopes = try store().wrappedKeys(tenant: "default", object: "key/disk", purpose: "disk").map(
      \.envelope)
    func files(holding envelope: [UInt8]) throws -> [String] {
      let root = desk.scratch.file("state")
      return try FileManager.default.subpathsOfDirectory(atPath: root).filter { name in
        let data = FileManager.default.contents(atPath: root + "/" + name) ?? Data()
        return data.range(of: Data(envelope.suffix(40))) != nil
      }
    }
    for envelope in envelopes { #expect(try !files(holding: envelope).isEmpty, "the search can find") }
    _ = try desk.core.destroyKey("disk", version: 1)
    #expect(try files(holding: envelopes[0]).isEmpty)
    #expect(try !files(holding: envelopes[1]).isEmpty)
    _ = try desk.core.destroyKey("disk", version: nil)
    #expect(try files(holding: envelopes[1]).isEmpty)
  }

  @Test func `of another tenant do not exist`() throws {
    try create("disk")
    let record = AuditRecord(
      time: .now(), tenant: "acme", actor: "uid:0", act: "tenant.create", object: "acme")
    try store().act(record) { (transaction) throws(StoreError) in try transaction.createTenant() }
    let acme = try desk.core(tenant: "acme")
    let attempts: [(String, () throws -> Void)] = [
      ("show", { _ = try acme.keyDetails("disk") }), ("rotate", { _ = try acme.rotateKey("disk") }),
      ("revoke", { _ = try acme.revokeKey("disk", version: nil, because: .ceased) }),
      ("destroy", { _ = try acme.destroyKey("disk", version: nil) }),
      ("export", { _ = try exported("disk", core: acme) }),
      ("policy", { _ = try acme.setRotation(ofKey: "disk", after: .some(1), maxUses: nil) }),
      (
        "wrap",
        { _ = try acme.wrapFile(desk.scratch.file("secret"), to: desk.scratch.file("o"), key: "disk") }
      ),
    ]
    for (name, attempt) in attempts {
      guard case .notFound(.key, "disk") = refusal(attempt) else {
        Issue.record("\(name)")
        continue
      }
    }
    #expect(try acme.keys().isEmpty)
    try create("disk", acme)
    #expect(try exported("disk") != exported("disk", core: acme))
  }

  @Test func `are due by age or by use, and rotated then`() throws {
    try create("aged")
    try create("used")
    try create("fresh")
    _ = try desk.core.setRotation(ofKey: "aged", after: .some(3600), maxUses: nil)
    _ = try desk.core.setRotation(ofKey: "used", after: nil, maxUses: .some(2))
    #expect(try desk.core.keysDue().isEmpty)
    _ = try exported("used")
    #expect(try desk.core.keysDue().isEmpty)
    _ = try exported("used")
    #expect(try desk.core.keysDue().map(\.name) == ["used"])
    let key = try #require(try desk.core.keys().first { $0.name == "aged" })
    let next = try #require(key.nextRotation.flatMap { Timestamp($0) })
    let made = try #require(Timestamp(key.createdAt))
    #expect(next.seconds(since: made) == 3600)
    #expect(try desk.core.rotateKeysDue().rotated.map(\.name) == ["used"])
    #expect(try desk.core.keysDue().isEmpty && desk.core.keyDetails("used").key.version == 2)
    _ = try desk.core.setRotation(ofKey: "used", after: nil, maxUses: .some(nil))
    #expect(try desk.core.keyDetails("used").key.maxUses == nil)
  }

  @Test(arguments: ["", "90", "d", "0d", "-1d", "+1d", "1.5d", "90D", "1y", "999999999999w", "９d"])
  func `ages that are none are refused`(_ text: String) {
    #expect(refusal { _ = try KeyRotation.age(text) } != nil)
  }

  @Test func `ages are numbers with a unit`() throws {
    let ages = try ["90d", "12h", "30m", "45s", "2w", "never"].map { try KeyRotation.age($0) }
    #expect(ages == [7_776_000, 43_200, 1800, 45, 1_209_600, nil])
  }

  @Test(arguments: [
    "", "Upper", "a b", "/a", "a/", "a//b", "-a", "a/-b", ".", "..", "a/../b", "ü", "a\n", "kek\0",
  ])
  func `names that could be taken for something else are refused`(_ name: String) {
    #expect(refusal { _ = try KeyName.check(name) } != nil)
  }

  @Test func `every act on them is recorded, the refused ones as failed`() throws {
    try create("disk")
    _ = try exported("disk")
    _ = try desk.core.rotateKey("disk")
    _ = refusal { _ = try exported("nobody") }
    _ = try desk.core.revokeKey("disk", version: nil, because: .compromised)
    _ = try desk.core.destroyKey("disk", version: nil)
    #expect(
      try desk.audit() == [
        "key.create done", "key.create done", "key.export done", "key.rotate done", "key.export failed",
        "key.revoke done", "key.destroy done",
      ])
  }

  @Test func `are changed by nobody who may only read`() throws {
    try create("disk")
    let reader = try desk.core(readOnly: true)
    let before = try desk.audit()
    #expect(refusal { _ = try reader.rotateKey("disk") } != nil)
    #expect(refusal { _ = try exported("disk", core: reader) } != nil)
    #expect(refusal { _ = try reader.destroyKey("disk", version: nil) } != nil)
    #expect(refusal { _ = try reader.rotateKEK() } != nil)
    #expect(try desk.audit() == before && reader.keys().count == 1)
  }

  @Test func `wrap files, which open with the version that they were made with`() throws {
    try create("disk")
    let (wrapped, plain) = (desk.scratch.file("wrapped"), desk.scratch.file("plain"))
    _ = try desk.core.wrapFile(desk.scratch.file("secret"), to: wrapped, key: "disk")
    _ = try desk.core.rotateKey("disk")
    _ = try desk.core.unwrapFile(wrapped, to: plain, key: "disk", evenCompromised: false)
    #expect(try Data(contentsOf: URL(fileURLWithPath: plain)) == Data("secret!!".utf8))
    func unwrap(_ file: String, _ key: String, compromised: Bool = false) -> CoreError? {
      refusal {
        _ = try desk.core.unwrapFile(
          file, to: desk.scratch.file(UUID().uuidString), key: key, evenCompromised: compromised)
      }
    }
    try create("other")
    guard case .refused = unwrap(wrapped, "other") else {
      Issue.record("another key opened it, or said something else")
      return
    }
    var bytes = try Array(Data(contentsOf: URL(fileURLWithPath: wrapped)))
    bytes[bytes.count - 1] ^= 1
    try desk.scratch.write(bytes, to: "changed")
    guard case .refused = unwrap(desk.scratch.file("changed"), "disk") else {
      Issue.record("a changed file was opened")
      return
    }
    guard case .malformedBytes = unwrap(desk.scratch.file("secret"), "disk") else {
      Issue.record("no envelope")
      return
    }
    _ = try desk.core.revokeKey("disk", version: 1, because: .compromised)
    #expect(isState(unwrap(wrapped, "disk"), "compromised"))
    #expect(unwrap(wrapped, "disk", compromised: true) == nil)
    _ = try desk.core.destroyKey("disk", version: 1)
    #expect(isState(unwrap(wrapped, "disk", compromised: true), "destroyed"))
  }

  @Test func `no envelope of the store passes for a wrapped file`() throws {
    try create("disk")
    let row = try #require(
      try store().wrappedKeys(tenant: "default", object: "key/disk", purpose: "disk").first)
    try desk.scratch.write(row.envelope, to: "stolen")
    let error = refusal {
      _ = try desk.core.unwrapFile(
        desk.scratch.file("stolen"), to: desk.scratch.file("o"), key: "disk", evenCompromised: true)
    }
    guard case .refused = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
