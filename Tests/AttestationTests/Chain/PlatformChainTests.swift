import Attestation
import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct PlatformChainTests {
  @Test func `ASK and ARK may stand in either order`() throws {
    let platform = try TestPlatform()
    let reversed = platform.ark.serialized() + platform.ask.serialized()
    for ca in [platform.ca, reversed] {
      let chain = try PlatformChain(sev: platform.sev, ca: ca)
      #expect(try chain.ark?.get() == platform.ark && chain.ask?.get() == platform.ask)
    }
  }

  @Test func `the signing certificates may follow in the same file`() throws {
    let platform = try TestPlatform()
    let chain = try PlatformChain(sev: platform.sev + platform.ca)
    #expect(try chain.ark?.get() == platform.ark)
    #expect(try chain.verify(against: platform.anchors()).isAccepted)
    #expect(throws: FormatError.self) { try PlatformChain(sev: platform.sev + platform.ca, ca: platform.ca) }
  }

  @Test func `the unsigned Naples root of 576 bytes is read in either order`() throws {
    var platform = try TestPlatform()
    let id = CACertificate.naplesRootID
    platform.ark = try CACertificate(
      keyID: id, certifyingID: id, usage: .ark, key: platform.arkKey.publicKey)
    let (ask, ark) = (platform.ask.serialized(), platform.ark.serialized())
    #expect(ark.count == 576)
    for ca in [ask + ark, ark + ask] {
      let chain = try PlatformChain(sev: platform.sev, ca: ca)
      #expect(try chain.ark?.get() == platform.ark && chain.ask?.get() == platform.ask)
    }
  }

  @Test func `libvirt's parts make the same chain`() throws {
    let platform = try TestPlatform()
    let rest = platform.pek.serialized() + platform.oca.serialized() + platform.cek.serialized()
    let chain = try PlatformChain(
      pdh: platform.pdh.serialized(), certificateChain: rest, ca: platform.ca, importedCEK: nil)
    #expect(try chain.verify(against: platform.anchors()).isAccepted)
  }

  @Test func `a file of a wrong size is malformed`() throws {
    let platform = try TestPlatform()
    let (sev, ca) = (platform.sev, platform.ca)
    #expect(throws: FormatError.self) { try PlatformChain(sev: [], ca: ca) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: Array(sev.dropLast()), ca: ca) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: sev + [0], ca: ca) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: sev + [0]) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: sev, ca: Array(ca.dropLast())) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: sev, ca: platform.ark.serialized()) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: sev, ca: []) }
    #expect(throws: FormatError.self) { try PlatformChain(sev: sev, ca: ca, importedCEK: [1]) }
    #expect(throws: FormatError.self) {
      try PlatformChain(
        pdh: platform.pdh.serialized(), certificateChain: platform.sev, ca: ca, importedCEK: nil)
    }
  }

  @Test func `damaged files never trap and are never accepted`() throws {
    let platform = try TestPlatform.simulated()
    var random = SystemRandomNumberGenerator()
    let whole = platform.sev + platform.ca
    for _ in 0..<300 {
      var bytes = whole
      for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 0xFF }
      guard bytes != whole else { continue }
      #expect(try !PlatformChain(sev: bytes).verify(against: .simulated).isAccepted)
    }
  }
}
