import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct CACertificateTests {
  static func chain() throws -> ExampleChain { try ExampleChain.shared.get() }

  @Test func `a certificate survives the way out and in`() throws {
    let chain = try Self.chain()
    for certificate in [chain.ark, chain.ask] {
      #expect(certificate.serialized().count == 832)
      #expect(try CACertificate(parsing: certificate.serialized()) == certificate)
    }
  }

  @Test func `root signs itself and the signing key`() throws {
    let chain = try Self.chain()
    #expect(try chain.ark.isSigned(by: chain.ark))
    #expect(try chain.ask.isSigned(by: chain.ark))
    #expect(try !chain.ark.isSigned(by: chain.ask))
    #expect(try !chain.ask.isSigned(by: chain.ask))
  }

  @Test func `all 16 bytes of the ids must fit`() throws {
    let chain = try Self.chain()
    var id = chain.ark.keyID
    id[15] ^= 1
    var other = try CACertificate(keyID: id, certifyingID: id, usage: .ark, key: chain.arkKey.publicKey)
    try other.sign(with: chain.arkKey)
    #expect(try !chain.ask.isSigned(by: other))
  }

  @Test func `each byte is signed or refused`() throws {
    let chain = try Self.chain()
    let bytes = chain.ask.serialized()
    for index in stride(from: 0, to: bytes.count, by: 5) {
      var changed = bytes
      changed[index] ^= 0x08
      let accepted = try? CACertificate(parsing: changed).isSigned(by: chain.ark)
      #expect(accepted != true, "byte \(index)")
    }
  }

  @Test func `the unsigned form is for the first Naples root alone`() throws {
    let chain = try Self.chain()
    let id = CACertificate.naplesRootID
    let naples = try CACertificate(keyID: id, certifyingID: id, usage: .ark, key: chain.arkKey.publicKey)
    #expect(naples.serialized().count == 576)
    let parsed = try CACertificate(parsing: naples.serialized())
    #expect(parsed.signature == nil)
    #expect(try !parsed.isSigned(by: parsed))
    let stranger = try CACertificate(
      keyID: chain.ark.keyID, certifyingID: id, usage: .ark, key: chain.arkKey.publicKey)
    #expect(throws: FormatError.self) { try CACertificate(parsing: stranger.serialized()) }
    let ask = try CACertificate(keyID: id, certifyingID: id, usage: .ask, key: chain.arkKey.publicKey)
    #expect(throws: FormatError.self) { try CACertificate(parsing: ask.serialized()) }
  }

  @Test func `the first certificate of a file tells its size`() throws {
    let chain = try Self.chain()
    let id = CACertificate.naplesRootID
    var naples = try CACertificate(keyID: id, certifyingID: id, usage: .ark, key: chain.arkKey.publicKey)
    let (ask, unsigned) = (chain.ask.serialized(), naples.serialized())
    try naples.sign(with: chain.arkKey)
    #expect(try CACertificate.size(ofFirstIn: ask + unsigned) == 832)
    #expect(try CACertificate.size(ofFirstIn: unsigned + ask) == 576)
    #expect(try CACertificate.size(ofFirstIn: unsigned) == 576)
    #expect(try CACertificate.size(ofFirstIn: naples.serialized()) == 832)
    #expect(try CACertificate.size(ofFirstIn: naples.serialized() + ask) == 832)
    #expect(throws: FormatError.self) { try CACertificate.size(ofFirstIn: []) }
    #expect(throws: FormatError.self) { try CACertificate.size(ofFirstIn: Array(ask[..<63])) }
  }

  @Test(
    arguments: [
      (0x00, 2), (0x24, 1), (0x25, 0x10), (0x28, 1), (0x37, 1), (0x38, 1), (0x39, 0x10), (0x3D, 0x10),
      (0x40, 2),
      (0x140, 0x02),
    ] as [(Int, UInt8)])
  func `a header that breaks a rule does not parse`(_ offset: Int, _ value: UInt8) throws {
    var bytes = try Self.chain().ark.serialized()
    bytes[offset] = value
    #expect(throws: FormatError.self) { try CACertificate(parsing: bytes) }
  }

  @Test(arguments: [0, 4, 575, 576, 831, 833, 1600]) func `a certificate has the size its header says`(
    _ count: Int
  ) throws {
    let bytes = try Self.chain().ark.serialized()
    let sized = Array((bytes + [UInt8](repeating: 0, count: 800)).prefix(count))
    #expect(throws: FormatError.self) { try CACertificate(parsing: sized) }
  }

  @Test func `damaged certificates never trap`() throws {
    let chain = try Self.chain()
    expectRoundTripOrRefusal(chain.ask.serialized()) { bytes throws(FormatError) in
      _ = try CACertificate.size(ofFirstIn: bytes)
      return try CACertificate(parsing: bytes).serialized()
    }
    expectRoundTripOrRefusal(chain.ask.serialized(), count: 5000, within: 0..<0x42) {
      bytes throws(FormatError) in
      try CACertificate(parsing: bytes).serialized()
    }
  }
}
