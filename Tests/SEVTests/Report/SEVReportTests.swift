import Bytes
import CVMCrypto
import SEV
import Testing

@Suite struct SEVReportTests {
  // Worked report, accepted by AMD's own tool: PEK scalar 61..90, signature by RFC 6979.
  static let worked =
    counting(from: 0xF0, 16) + hex("e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0")
    + hex("07000000 02100000 02000000 00000000")
    + hex("dd8912367bd57915cadf04f0e7fae81a463917505e6b64bef7e77cfcb3382fd0e6b8b7b3b6c6a0c3a0d6e61aaa01740e")
    + [UInt8](repeating: 0, count: 24)
    + hex("5d673429db42d6b0e0840c8ce575ee86940849c511d2465ff167cd5eb134e7221ae7550077c50f8669562cf70d058efb")
    + [UInt8](repeating: 0, count: 24)

  @Test func `the worked report parses and its signature is the PEK's`() throws {
    let report = try SEVReport(parsing: Self.worked)
    #expect(report.policy.rawValue == 7 && report.usage == 0x1002 && report.algorithm == 2)
    #expect(report.nonce == counting(from: 0xF0, 16))
    #expect(report.serialized() == Self.worked)
    let pek = try scalar(from: 0x61).publicKey
    #expect(
      pek.x
        == hex(
          "f5ba3d4d6de53c4b8c11fe2f2276e8081bca965275d24ac1e054f95cf5ace4bee00334ad2f411f2d4475d04562e3de25"))
    #expect(try pek.verify(report.signature(), of: report.signedBytes, hash: .sha256))
    #expect(report.signedBytes.count == 0x34)
  }

  @Test func `a report that is signed here verifies`() throws {
    let pek = try P384.PrivateKey()
    let made = try SEVReport(
      nonce: counting(from: 1, 16), digest: counting(from: 2, 32), policy: .esDefault, signedBy: pek)
    let read = try SEVReport(parsing: made.serialized())
    #expect(read == made)
    #expect(try pek.publicKey.verify(read.signature(), of: read.signedBytes, hash: .sha256))
    #expect(throws: CryptoError.self) {
      try SEVReport(nonce: [1], digest: counting(from: 2, 32), policy: .esDefault, signedBy: pek)
    }
  }

  @Test func `numbers that are no signature are told apart from wrong ones`() throws {
    var high = Self.worked
    high[0x40 + 48] = 1
    #expect(throws: ECDSAField.Defect.highBytes) { try SEVReport(parsing: high).signature() }
    var zero = Self.worked
    zero.replaceSubrange(0x88..<(0x88 + 48), with: [UInt8](repeating: 0, count: 48))
    #expect(throws: ECDSAField.Defect.outOfRange) { try SEVReport(parsing: zero).signature() }
  }

  @Test(arguments: [0, 207, 209]) func `only 208 bytes are a report`(_ count: Int) {
    #expect(throws: FormatError.self) { try SEVReport(parsing: counting(from: 0, count)) }
  }

  @Test func `damaged reports never trap`() {
    expectRoundTripOrRefusal(Self.worked) { bytes throws(FormatError) in
      try SEVReport(parsing: bytes).serialized()
    }
  }
}
