@testable import Attestation
import CVMCrypto
import SEV
import Testing

@Suite struct ChainVerificationTests {
  /// Pins of our own in AMD's place.
  static func pins(_ platform: TestPlatform, ask: AMDProduct = .milan) throws -> [AMDRoots.Pin] {
    [
      AMDRoots.Pin(product: .milan, usage: .ark, modulus: try platform.ark.modulusDigest()),
      AMDRoots.Pin(product: ask, usage: .ask, modulus: try platform.ask.modulusDigest()),
    ]
  }

  static func pinned(_ platform: TestPlatform, ask: AMDProduct = .milan) throws -> TrustAnchors {
    TrustAnchors(pins: try pins(platform, ask: ask), rootFiles: [], acceptsSimulated: false)
  }

  @Test func `a chain under pinned keys is accepted, every link listed`() throws {
    let platform = try TestPlatform()
    let result = try platform.chain().verify(against: Self.pinned(platform))
    #expect(result.isAccepted && result.product == .milan && !result.isSimulated)
    #expect(
      result.checks.map(\.id) == [
        "format.ark", "format.ask", "root.ark", "root.ask", "signature.ark", "signature.ask", "format.cek",
        "binding.cek", "signature.cek", "format.oca", "format.pek", "format.pdh", "signature.oca",
        "signature.pek.oca", "signature.pek.cek", "signature.pdh",
      ])
    #expect(result.checks.filter { $0.result == .skipped }.map(\.id) == ["binding.cek"])
    let verified = try #require(result.platform)
    #expect(verified.publicKey == platform.pdhKey.publicKey && verified.trust == .amd(.milan))
  }

  @Test func `a signing key of another product is refused`() throws {
    let platform = try TestPlatform()
    let result = try platform.chain().verify(against: Self.pinned(platform, ask: .genoa))
    #expect(result.failures == ["root.ask"])
  }

  @Test func `a root file is trusted by its exact bytes`() throws {
    let platform = try TestPlatform()
    let result = try platform.chain().verify(against: platform.anchors())
    #expect(result.isAccepted && result.product == nil && result.platform?.trust == .rootFile)
    let other = try TestPlatform(arkID: counting(from: 0x11, 16))
    #expect(try other.chain().verify(against: platform.anchors()).failures == ["root.ark"])
  }

  @Test func `a forged root under AMD's KEY_ID is refused`() throws {
    for product in [CACertificate.naplesRootID, hex("94c38e4177d0479292a7ae671d083fb6")] {
      let forged = try TestPlatform(arkID: product, askID: hex("73478c05cc174bfeb06e718fa75dc3c8"))
      let result = try forged.chain().verify(against: .amd)
      #expect(!result.isAccepted && result.failures == ["root.ark"])
      #expect(result.reason("root.ark") == "the root key is not one of AMD's")
    }
  }

  @Test func `a simulated root is accepted only where simulations are asked for`() throws {
    let platform = try TestPlatform.simulated()
    for anchors in [TrustAnchors.amd, try platform.anchors(), .amd.and(try platform.anchors())] {
      let result = try platform.chain().verify(against: anchors)
      #expect(!result.isAccepted && result.isSimulated)
      #expect(result.reason("root.ark") == "the root is simulated, and simulations are not accepted")
    }
    for anchors in [TrustAnchors.simulated, .amd.and(.simulated)] {
      let result = try platform.chain().verify(against: anchors)
      #expect(result.isAccepted && result.isSimulated && result.platform?.isSimulated == true)
    }
  }

  @Test func `a root without the mark is no simulation`() throws {
    let platform = try TestPlatform()
    #expect(try platform.chain().verify(against: .simulated).failures == ["root.ark"])
    let half = try TestPlatform(arkID: SimulatedRoots.arkID)
    #expect(try half.chain().verify(against: .simulated).failures == ["root.ask"])
  }

  @Test func `an unsigned CEK has its own reason`() throws {
    var platform = try TestPlatform()
    platform.cek = try platform.unsignedCEK()
    let result = try platform.chain().verify(against: platform.anchors())
    #expect(result.failures == ["signature.cek"])
    #expect(result.reason("signature.cek") == "unsigned CEK: import the signed one")
  }

  @Test func `the imported CEK replaces the host's unsigned one`() throws {
    var platform = try TestPlatform()
    let signed = platform.cek
    platform.cek = try platform.unsignedCEK()
    let result = try platform.chain(importedCEK: signed).verify(against: platform.anchors())
    #expect(result.isAccepted && result.result("binding.cek") == .pass)
    var older = try TestPlatform.certificate(.cek, .ecdsaSHA256, platform.cekKey, minor: 14)
    try older.sign(.first, as: .ask, with: platform.askKey)
    #expect(try platform.chain(importedCEK: older).verify(against: platform.anchors()).isAccepted)
  }

  @Test func `another chip's CEK is refused`() throws {
    let (platform, other) = (try TestPlatform(), try TestPlatform())
    let result = try platform.chain(importedCEK: other.cek).verify(against: platform.anchors())
    #expect(result.failures == ["binding.cek", "signature.pek.cek"])
  }

  @Test func `the PEK needs both its signatures, in either order`() throws {
    let good = try TestPlatform()
    var swapped = good
    swapped.pek.place(good.pek.slots[1], in: .first)
    swapped.pek.place(good.pek.slots[0], in: .second)
    #expect(try swapped.chain().verify(against: good.anchors()).isAccepted)
    var withoutCEK = good
    withoutCEK.pek.place(.empty, in: .second)
    #expect(try withoutCEK.chain().verify(against: good.anchors()).failures == ["signature.pek.cek"])
    var withoutOCA = good
    withoutOCA.pek.place(.empty, in: .first)
    #expect(try withoutOCA.chain().verify(against: good.anchors()).failures == ["signature.pek.oca"])
  }

  @Test func `each certificate of another platform breaks its links`() throws {
    let (good, other) = (try TestPlatform(), try TestPlatform())
    func failures(_ change: (inout TestPlatform) -> Void) throws -> [String] {
      var copy = good
      change(&copy)
      return try copy.chain().verify(against: good.anchors()).failures
    }
    #expect(try failures { $0.pdh = other.pdh } == ["signature.pdh"])
    #expect(
      try failures { $0.pek = other.pek } == ["signature.pek.oca", "signature.pek.cek", "signature.pdh"])
    #expect(try failures { $0.oca = other.oca } == ["signature.pek.oca"])
    #expect(try failures { $0.cek = other.cek } == ["signature.pek.cek"])
  }

  @Test func `a certificate in another's place is refused`() throws {
    var platform = try TestPlatform()
    platform.pdh = platform.pek
    let result = try platform.chain().verify(against: platform.anchors())
    #expect(result.failures == ["format.pdh"] && result.result("signature.pdh") == .skipped)
    #expect(!result.isAccepted)
  }

  @Test func `an OCA or a root that does not sign itself is refused`() throws {
    var platform = try TestPlatform()
    platform.oca = try TestPlatform.certificate(.oca, .ecdsaSHA256, platform.ocaKey)
    try platform.oca.sign(.first, as: .oca, with: P384.PrivateKey())
    #expect(try platform.chain().verify(against: platform.anchors()).failures == ["signature.oca"])
    var foreign = try TestPlatform()
    try foreign.ark.sign(with: foreign.askKey)
    #expect(try foreign.chain().verify(against: foreign.anchors()).failures == ["signature.ark"])
  }

  @Test func `without ASK and ARK nothing is accepted`() throws {
    let platform = try TestPlatform()
    let result = try PlatformChain(sev: platform.sev).verify(against: .amd.and(.simulated))
    #expect(result.failures == ["format.ark", "format.ask"] && !result.isAccepted)
    #expect(result.result("signature.pdh") == .pass && result.result("signature.cek") == .skipped)
  }

  @Test func `the unsigned Naples root is accepted only where its key is pinned as Naples'`() throws {
    var platform = try TestPlatform()
    let id = CACertificate.naplesRootID
    platform.ark = try CACertificate(
      keyID: id, certifyingID: id, usage: .ark, key: platform.arkKey.publicKey)
    platform.ask = try CACertificate(
      keyID: platform.ask.keyID, certifyingID: id, usage: .ask, key: platform.askKey.publicKey)
    try platform.ask.sign(with: platform.arkKey)
    #expect(try platform.chain().verify(against: platform.anchors()).failures == ["signature.ark"])
    #expect(try platform.chain().verify(against: Self.pinned(platform)).failures == ["signature.ark"])
    let pins = try Self.pins(platform).map {
      AMDRoots.Pin(product: .naples, usage: $0.usage, modulus: $0.modulus)
    }
    let naples = TrustAnchors(pins: pins, rootFiles: [], acceptsSimulated: false)
    let result = try platform.chain().verify(against: naples)
    #expect(result.isAccepted && result.result("signature.ark") == .skipped)
  }

  @Test func `one changed bit anywhere is refused`() throws {
    let platform = try TestPlatform.simulated()
    let bytes = platform.sev + platform.ca
    #expect(try PlatformChain(sev: bytes).verify(against: .simulated).isAccepted)
    for index in stride(from: 0, to: bytes.count, by: 31) {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      let result = try PlatformChain(sev: changed).verify(against: .simulated)
      #expect(!result.isAccepted, "byte \(index)")
    }
  }

  @Test func `a verified platform takes a session that it can open`() throws {
    let platform = try TestPlatform()
    let verified = try #require(platform.chain().verify(against: platform.anchors()).platform)
    let owner = try P384.PrivateKey()
    let keys = try TransportKeys(joined: .random(32))
    let blob = try verified.session(
      ownerKey: owner, policy: .esDefault, keys: keys, nonce: Random.bytes(16), iv: Random.bytes(16))
    let opened = try blob.unwrap(
      platformKey: platform.pdhKey, owner: .ownerDH(publicKey: owner.publicKey), policy: .esDefault)
    #expect(opened == keys)
  }
}
