import CVMCrypto
import SEV
import Testing

@Suite struct PageInfoTests {
  // Worked examples of the fold, recomputed independently.
  @Test func `a zero page and a page of zeros have the expected digests`() throws {
    var digest = SNPDigest()
    try digest.update(.zero, gpa: 0x1000)
    #expect(
      digest.bytes
        == hex(
          "4bd4147976a1e7554c1c778a781affc1c672f1965a727ba16084989b7e356044a28bbe585a2f75dac9356fa5ab78f061"))
    digest = SNPDigest()
    try digest.update(
      .normal, gpa: 0xFFFF_F000, contents: SHA384.hash([UInt8](repeating: 0, count: SNPDigest.pageSize)))
    #expect(
      digest.bytes
        == hex(
          "46c510442a54cc32344cef32e14dc3d6312fc4a010780dd11fd33204df5550590356b069e6c6ca5bbfca71561f370399"))
  }

  @Test func `several pages are as many folds with rising addresses`() throws {
    var (once, each) = (SNPDigest(), SNPDigest())
    try once.update(.unmeasured, gpa: 0x80_0000, pages: 3)
    for gpa in [0x80_0000, 0x80_1000, 0x80_2000] as [UInt64] { try each.update(.unmeasured, gpa: gpa) }
    #expect(once == each)
  }

  @Test func `type, address, contents and order matter`() throws {
    let page = [UInt8](repeating: 1, count: 48)
    func fold(_ type: PageType, _ gpa: UInt64, _ contents: [UInt8]? = nil) throws -> [UInt8] {
      var digest = SNPDigest()
      try digest.update(type, gpa: gpa, contents: contents)
      return digest.bytes
    }
    let all = try [
      fold(.zero, 0), fold(.zero, 0x1000), fold(.secrets, 0), fold(.cpuid, 0), fold(.unmeasured, 0),
      fold(.normal, 0, page), fold(.vmsa, 0, page), fold(.vmsa, 0),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test func `a digest of another length is none`() throws {
    #expect(SNPDigest([]) == nil && SNPDigest([UInt8](repeating: 0, count: 47)) == nil)
    #expect(SNPDigest([UInt8](repeating: 0, count: 48)) == SNPDigest())
    var digest = SNPDigest()
    #expect(throws: CryptoError.self) { try digest.update(.normal, gpa: 0, contents: [1]) }
  }
}
