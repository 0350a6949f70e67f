import Bytes
import CVMCore
import CVMCrypto
import StateStore
import Testing
import Vault

/// An envelope in the place of another one: whoever can write the database puts it there, and gets nothing for it.
@Suite("wrapped records in each other's place") struct SwappedRecordsTests {
  private let desk: Desk
  private let places: [Place]
  /// The one that acme has.
  private let launch: SealedLaunch

  /// Where a store keeps an envelope, and the envelope.
  private struct Place: Equatable, CustomStringConvertible {
    let tenant: String
    let object: String
    let purpose: String
    let version: Int64
    let state: String
    var envelope: [UInt8]

    var isKEK: Bool { object == "kek" }
    var description: String { "\(tenant) \(object) \(purpose) \(version)" }
    /// The KEK that has sealed it, or 0.
    var sealedBy: Int64 { envelope.count > 8 ? Int64(envelope[8]) : -1 }

    func hangs(on other: Place) -> Bool {
      other.isKEK && !isKEK && tenant == other.tenant && sealedBy == other.version
    }
  }

  init() throws {
    desk = try Desk()
    for tenant in ["acme", "rival"] {
      let core = try desk.core(tenant: tenant)
      // Some differ in their name alone, some in their version, the keys of a launch in their purpose.
      for (name, purpose) in [("a", "disk"), ("b", "data"), ("c", "data")] {
        _ = try core.createKey(name, purpose: purpose, algorithm: .aes256, rotation: KeyRotation())
      }
    }
    for tenant in ["acme", "rival"] { _ = try desk.core(tenant: tenant).rotateKey("b") }
    let acme = try desk.core(tenant: "acme")
    _ = try acme.define(
      DefinitionSource(try desk.scratch.write(desk.yaml(["launch: {type: sev}"]), to: "web1.yaml")),
      DefinitionOverrides())
    _ = try acme.start("web1", StartOptions(staysPaused: true), progress: { _ in })
    let store = try StateStore(path: desk.scratch.file("state"), at: .now())
    // A KEK of each kind, with keys of both versions: as an interrupted rotation leaves it.
    let vault = try Vault(store: store, actor: "test")
    for (tenant, kind) in [("acme", KEKKind.aes256GCM), ("rival", .xWing)] {
      try store.act(Self.record(tenant)) { (transaction) throws(VaultError) in
        _ = try vault.addKEK(kind, in: transaction)
      }
      _ = try desk.core(tenant: tenant).rotateKey("a")
    }
    places = try Self.places(in: store)
    launch = try #require(try store.launches(tenant: "acme", sealedBy: 1, limit: 1).first)
  }

  private static func record(_ tenant: String) -> AuditRecord {
    AuditRecord(time: .now(), tenant: tenant, actor: "test", act: "swap", object: "envelopes")
  }

  private static func places(in store: StateStore) throws -> [Place] {
    try ["acme", "rival"].flatMap { tenant in
      let keys = try store.wrappedKeys(tenant: tenant).map {
        Place(
          tenant: tenant, object: $0.object, purpose: $0.purpose, version: $0.version, state: $0.state,
          envelope: $0.envelope)
      }
      let launches = try store.launches(tenant: tenant).flatMap { launch in
        [("tek", launch.wrappedTEK), ("tik", launch.wrappedTIK)].compactMap { purpose, envelope in
          envelope.map {
            Place(
              tenant: tenant, object: "launch/" + launch.id, purpose: purpose, version: 1, state: "",
              envelope: $0)
          }
        }
      }
      return keys + launches
    }
  }

  private func put(_ envelope: [UInt8], at place: Place, in store: StateStore) throws {
    try store.act(Self.record(place.tenant)) { (transaction) throws(StoreError) in
      guard place.object.hasPrefix("launch/") else {
        return try transaction.updateWrappedKey(
          object: place.object, purpose: place.purpose, version: place.version, state: place.state,
          envelope: envelope)
      }
      let id = String(place.object.dropFirst("launch/".count))
      guard let row = try transaction.launch(tenant: place.tenant, id: id) else { return }
      let (tek, tik) = (row.wrappedTEK ?? [], row.wrappedTIK ?? [])
      let isTEK = place.purpose == "tek"
      try transaction.replace(launch, tek: isTEK ? envelope : tek, tik: isTEK ? tik : envelope)
    }
  }

  /// The places whose envelopes open in a process that has opened nothing yet. A KEK shows in what hangs on it.
  private func opening(in store: StateStore) throws -> [String: SecretBytes] {
    let vault = try Vault(store: store, actor: "test")
    var opened: [String: SecretBytes] = [:]
    for place in try Self.places(in: store) where !place.isKEK {
      let version = try #require(UInt32(exactly: place.version))
      let context = KeyContext(
        tenant: place.tenant, object: place.object, version: version, purpose: place.purpose)
      opened[place.description] = try? vault.unwrap(place.envelope, for: context)
    }
    return opened
  }

  @Test func `any two of them open nothing, and all others open as before`() throws {
    let store = try StateStore(path: desk.scratch.file("state"), at: .now())
    #expect(places.count(where: \.isKEK) == 4 && places.count == 16)
    #expect(Set(places.map { $0.object.hasPrefix("launch/") ? "launch" : $0.object }).count == 5)
    let before = try opening(in: store)
    #expect(before.count == places.count - 4)
    for (index, first) in places.enumerated() {
      for second in places[(index + 1)...] {
        try put(second.envelope, at: first, in: store)
        try put(first.envelope, at: second, in: store)
        let after = try opening(in: store)
        for place in places where !place.isKEK {
          let isMoved = place == first || place == second
          let isCutOff = place.hangs(on: first) || place.hangs(on: second)
          let expected = isMoved || isCutOff ? nil : before[place.description]
          #expect(after[place.description] == expected, "\(first) with \(second): \(place)")
        }
        for place in [first, second] { try put(place.envelope, at: place, in: store) }
      }
    }
    #expect(try opening(in: store) == before)
  }

  @Test func `a key is not opened by commands from another's record`() throws {
    let store = try StateStore(path: desk.scratch.file("state"), at: .now())
    let (own, other) = (
      try #require(places.first { $0.description == "acme key/b data 1" }),
      try #require(places.first { $0.description == "rival key/b data 1" })
    )
    try put(other.envelope, at: own, in: store)
    let out = desk.scratch.file("out")
    guard
      case .vault(.notAuthentic("key/b"))? = refusal({
        _ = try desk.core(tenant: "acme").exportKey("b", version: 1, to: out, evenCompromised: true)
      })
    else {
      Issue.record("opened")
      return
    }
  }
}
