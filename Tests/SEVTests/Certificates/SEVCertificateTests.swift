import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct SEVCertificateTests {
  static func chain() throws -> ExampleChain { try ExampleChain.shared.get() }

  @Test func `a certificate survives the way out and in`() throws {
    let chain = try Self.chain()
    for certificate in [chain.pdh, chain.pek, chain.oca, chain.cek] {
      #expect(certificate.serialized().count == 2084)
      #expect(try SEVCertificate(parsing: certificate.serialized()) == certificate)
    }
    #expect(chain.pdh.body.count == 1044 && chain.pdh.apiMinor == 22)
    #expect(chain.pdh.serialized()[8..<16] == hex("0310000003000000")[...])
  }

  @Test func `each link of a chain verifies`() throws {
    let chain = try Self.chain()
    #expect(throws: Never.self) {
      try chain.pdh.checkSignature(by: chain.pek.signer)
      try chain.pek.checkSignature(by: chain.oca.signer)
      try chain.pek.checkSignature(by: chain.cek.signer)
      try chain.oca.checkSignature(by: chain.oca.signer)
      try chain.cek.checkSignature(by: chain.ask.signer)
    }
  }

  @Test func `the PEK's two signatures may stand in either order`() throws {
    let chain = try Self.chain()
    var pek = chain.pek
    pek.place(chain.pek.slots[1], in: .first)
    pek.place(chain.pek.slots[0], in: .second)
    #expect(throws: Never.self) {
      try pek.checkSignature(by: chain.oca.signer)
      try pek.checkSignature(by: chain.cek.signer)
    }
  }

  @Test func `a signature counts only under the parent's usage and algorithm`() throws {
    let chain = try Self.chain()
    var pdh = chain.pdh
    let slot = pdh.slots[0]
    pdh.place(
      try SignatureSlot(usage: 0x1001, algorithm: slot.algorithm, signature: slot.signature), in: .first)
    #expect(throws: SignatureProblem.notByParent) { try pdh.checkSignature(by: chain.pek.signer) }
    pdh.place(try SignatureSlot(usage: slot.usage, algorithm: 0x102, signature: slot.signature), in: .first)
    #expect(throws: SignatureProblem.notByParent) { try pdh.checkSignature(by: chain.pek.signer) }
  }

  @Test func `a Diffie-Hellman key signs nothing`() throws {
    let chain = try Self.chain()
    var certificate = chain.pek
    let slot = chain.pek.slots[0]
    certificate.place(try SignatureSlot(usage: 0x1003, algorithm: 3, signature: slot.signature), in: .first)
    #expect(throws: SignatureProblem.notByParent) { try certificate.checkSignature(by: chain.pdh.signer) }
  }

  @Test func `empty, half-empty and foreign slots have their own reasons`() throws {
    let chain = try Self.chain()
    var pdh = chain.pdh
    pdh.place(.empty, in: .first)
    #expect(pdh.isUnsigned)
    #expect(throws: SignatureProblem.unsigned) { try pdh.checkSignature(by: chain.pek.signer) }
    for (usage, algorithm): (UInt32, UInt32) in [(0x1000, 2), (0x1002, 0)] {
      var half = chain.pdh
      half.place(
        try SignatureSlot(usage: usage, algorithm: algorithm, signature: SignatureSlot.empty.signature),
        in: .second)
      #expect(throws: SignatureProblem.halfEmptySlot) { try half.checkSignature(by: chain.pek.signer) }
    }
    #expect(throws: SignatureProblem.wrong) {
      var other = chain.pdh
      try other.sign(.first, as: .pek, with: P384.PrivateKey())
      try other.checkSignature(by: chain.pek.signer)
    }
    #expect(SignatureProblem.wrong.status == .badSignature)
    #expect(SignatureProblem.notByParent.status == .invalidCertificate)
  }

  @Test func `an empty slot is all zero`() throws {
    let chain = try Self.chain()
    var pdh = chain.pdh
    pdh.place(try SignatureSlot(usage: 0x1000, algorithm: 0, signature: [0, 0, 1]), in: .second)
    #expect(throws: SignatureProblem.malformed) { try pdh.checkSignature(by: chain.pek.signer) }
  }

  @Test func `two slots that claim the parent must both be right`() throws {
    let chain = try Self.chain()
    var pdh = chain.pdh
    try pdh.sign(.second, as: .pek, with: P384.PrivateKey())
    #expect(throws: SignatureProblem.wrong) { try pdh.checkSignature(by: chain.pek.signer) }
  }

  @Test func `signature numbers are in range and padded with zeros`() throws {
    let chain = try Self.chain()
    let slot = chain.pdh.slots[0]
    func problem(_ change: (inout [UInt8]) -> Void) throws -> SignatureProblem? {
      var (pdh, bytes) = (chain.pdh, slot.signature)
      change(&bytes)
      pdh.place(try SignatureSlot(usage: slot.usage, algorithm: slot.algorithm, signature: bytes), in: .first)
      do throws(SignatureProblem) {
        try pdh.checkSignature(by: chain.pek.signer)
        return nil
      } catch { return error }
    }
    let zero = [UInt8](repeating: 0, count: 48)
    let order = hex(
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973")
    #expect(try problem { _ in } == nil)
    #expect(try problem { $0[48] = 1 } == .malformed)
    #expect(try problem { $0[143] = 1 } == .malformed)
    #expect(try problem { $0[144] = 1 } == .malformed)
    #expect(try problem { $0[511] = 1 } == .malformed)
    #expect(try problem { $0.replaceSubrange(0..<48, with: zero) } == .malformed)
    #expect(try problem { $0.replaceSubrange(72..<120, with: zero) } == .malformed)
    #expect(try problem { $0.replaceSubrange(72..<120, with: order.reversed()) } == .malformed)
    #expect(try problem { $0[0] ^= 1 } == .wrong)
    #expect(try problem { $0[72] ^= 1 } == .wrong)
  }

  @Test func `each byte of the body is signed or refused`() throws {
    let chain = try Self.chain()
    let bytes = chain.pdh.serialized()
    for index in 0..<1044 {
      var changed = bytes
      changed[index] ^= 0x20
      #expect(throws: (any Error).self, "byte \(index)") {
        try SEVCertificate(parsing: changed).checkSignature(by: chain.pek.signer)
      }
    }
  }

  @Test func `an owner's CA may have an RSA key`() throws {
    let chain = try Self.chain()
    var oca = try SEVCertificate(
      usage: .oca, algorithm: .rsaSHA256, publicKey: .rsa(chain.askKey.publicKey))
    try oca.sign(.first, as: .oca, with: chain.askKey)
    var pek = chain.pek
    try pek.sign(.first, as: .oca, with: chain.askKey)
    let parsed = try SEVCertificate(parsing: oca.serialized())
    #expect(parsed == oca)
    #expect(throws: Never.self) {
      try parsed.checkSignature(by: parsed.signer)
      try pek.checkSignature(by: parsed.signer)
    }
    var slot = pek.slots[0].signature
    slot[300] = 1  // behind the 2048 bits
    pek.place(try SignatureSlot(usage: 0x1001, algorithm: 1, signature: slot), in: .first)
    #expect(throws: SignatureProblem.malformed) { try pek.checkSignature(by: parsed.signer) }
  }

  @Test(
    arguments: [
      (0x00, 2), (0x03, 1), (0x06, 1), (0x07, 1), (0x08, 0x05), (0x09, 0x00), (0x0C, 0x04), (0x0C, 0x00),
      (0x0D, 0x02), (0x10, 0x01), (0x10, 0x03), (0x14 + 48, 1), (0x14 + 71, 1), (0x5C + 48, 1), (0xA4, 1),
      (0x413, 1), (0x14, 0xAB),
    ] as [(Int, UInt8)])
  func `a body that breaks a rule does not parse`(_ offset: Int, _ value: UInt8) throws {
    var bytes = try Self.chain().pdh.serialized()
    bytes[offset] = bytes[offset] == value ? value ^ 1 : value
    #expect(throws: FormatError.self) { try SEVCertificate(parsing: bytes) }
  }

  @Test(arguments: [0, 2083, 2085]) func `only 2084 bytes are a certificate`(_ count: Int) {
    #expect(throws: FormatError.self) { try SEVCertificate(parsing: counting(from: 0, count)) }
  }

  @Test func `a key that does not fit the algorithm makes no certificate`() throws {
    let chain = try Self.chain()
    #expect(throws: CryptoError.self) {
      try SEVCertificate(usage: .oca, algorithm: .rsaSHA256, publicKey: .p384(chain.pekKey.publicKey))
    }
    #expect(throws: CryptoError.self) {
      try SEVCertificate(usage: .oca, algorithm: .ecdsaSHA256, publicKey: .rsa(chain.askKey.publicKey))
    }
    #expect(throws: CryptoError.self) {
      try SEVCertificate(usage: .none, algorithm: .ecdsaSHA256, publicKey: .p384(chain.pekKey.publicKey))
    }
  }

  @Test func `damaged certificates never trap`() throws {
    let chain = try Self.chain()
    expectRoundTripOrRefusal(chain.pek.serialized()) { bytes throws(FormatError) in
      try SEVCertificate(parsing: bytes).serialized()
    }
    expectRoundTripOrRefusal(chain.pek.serialized(), count: 5000, within: 0..<0xA8) {
      bytes throws(FormatError) in
      try SEVCertificate(parsing: bytes).serialized()
    }
    let rsa = try SEVCertificate(
      usage: .oca, algorithm: .rsaSHA256, publicKey: .rsa(chain.askKey.publicKey))
    expectRoundTripOrRefusal(rsa.serialized()) { bytes throws(FormatError) in
      try SEVCertificate(parsing: bytes).serialized()
    }
  }
}
