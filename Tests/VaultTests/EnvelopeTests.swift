import Bytes
import CVMCrypto
import Foundation
import StateStore
import Testing
import Vault

/// A file of `Tests/Vectors/vault-envelope`: an envelope with one defect, and what must be said of it. They
/// were computed from the layout in `Envelope` by another program over another AES-GCM.
private struct EnvelopeVector: CustomTestStringConvertible {
  let name: String
  let expected: String
  let bytes: [UInt8]

  var testDescription: String { name }

  static let all: [EnvelopeVector] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Vectors/vault-envelope").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { EnvelopeVector(folder: folder, file: $0) }
  }()

  private init?(folder: String, file: String) {
    guard let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) else { return nil }
    func field(_ name: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(name + ": ") || $0 == name + ":" }.map {
        String($0.dropFirst(name.count + 2))
      }
    }
    guard let expected = field("expect"), let bytes = field("hex").flatMap(Hex.decode) else { return nil }
    self.name = file
    self.expected = expected
    self.bytes = bytes
  }
}

@Suite("Envelopes") struct EnvelopeTests {
  /// Root key 00..1F, KEK 20..3F.
  static let rootFile =
    "43564d5201000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    + "50ad85200ef150fb687536adeb8dace9ab87777d466dafdb9ee3197b97ea45ca"
  static let kek =
    "43564d450101000000000000404142434445464748494a4b30000000c2988c000219a124e5ed3d1db7493d7449f7606f83"
    + "0039144f7e74deab2ed3e45579e57e97ea6a219526c227cc1e0d1e"

  private let scratch = Scratch()

  private func vault() throws -> Vault {
    let store = try scratch.store()
    try store.createTenant("acme")
    let record = AuditRecord(time: moment, tenant: "acme", actor: "uid:0", act: "key.create", object: "kek")
    let kek = try #require(Hex.decode(Self.kek))
    try store.act(record) { (transaction) throws(StoreError) in
      try transaction.insertWrappedKey(
        object: "kek", purpose: "wrap", version: 1, state: "active", envelope: kek)
    }
    _ = try store.directory.directory("vault", create: true)
    try scratch.write(#require(Hex.decode(Self.rootFile)), "vault/root.key")
    return try Vault(store: store, actor: "uid:0")
  }

  @Test func `all vectors are there`() { #expect(EnvelopeVector.all.count == 46) }

  @Test(arguments: EnvelopeVector.all)
  fileprivate func `each defect is refused for its own reason`(_ vector: EnvelopeVector) throws {
    let vault = try vault()
    var opened: SecretBytes?
    let error = failure { () throws(VaultError) in
      opened = try vault.unwrap(vector.bytes, for: context(tenant: "acme"))
    }
    let found: String
    switch error {
    case nil: found = "opens"
    case .damagedEnvelope(let problem): found = problem.summary
    case .notAuthentic("launch/1"): found = "not authentic"
    case .keyMissing("kek"): found = "no key"
    case let error?: found = "\(error)"
    }
    #expect(found == vector.expected)
    #expect((opened == secret("0123456789abcdef")) == (vector.expected == "opens"))
  }

  @Test func `what parses serializes to the same bytes`() throws {
    let valid = try #require(EnvelopeVector.all.first { $0.name == "valid.txt" }).bytes
    var random = Seeded(41)
    var parsed = 0
    for _ in 0..<20_000 {
      var bytes = valid
      for _ in 0...random.below(2) {
        bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      }
      if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count)) }
      guard let envelope = try? Envelope(parsing: bytes) else { continue }
      parsed += 1
      #expect(envelope.serialized() == bytes)
    }
    #expect(parsed > 1000)
  }

  @Test func `no changed bit of an envelope opens`() throws {
    let vault = try vault()
    let valid = try #require(EnvelopeVector.all.first { $0.name == "valid.txt" }).bytes
    for place in valid.indices {
      for bit in 0..<8 {
        var bytes = valid
        bytes[place] ^= 1 << UInt8(bit)
        #expect(
          failure { () throws(VaultError) in try vault.unwrap(bytes, for: context(tenant: "acme")) } != nil,
          "byte \(place), bit \(bit)")
      }
    }
  }
}
