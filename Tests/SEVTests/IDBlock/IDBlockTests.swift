import Bytes
import CVMCrypto
import SEV
import Testing

func exampleIDBlock(svn: UInt32 = 7, policy: UInt64 = 0x30000) throws -> IDBlock {
  try IDBlock(
    launchDigest: counting(from: 0x10, 48), familyID: counting(from: 0x50, 16),
    imageID: counting(from: 0x70, 16), guestSVN: svn, policy: SNPPolicy(rawValue: policy))
}

@Suite struct IDBlockTests {
  @Test func `every field has its place`() throws {
    let bytes = try exampleIDBlock(svn: 0x0403_0201, policy: 0x0102_0304_0506_0708).serialized()
    #expect(bytes.count == 96)
    #expect(bytes[..<0x30].elementsEqual(counting(from: 0x10, 48)))
    #expect(bytes[0x30..<0x40].elementsEqual(counting(from: 0x50, 16)))
    #expect(bytes[0x40..<0x50].elementsEqual(counting(from: 0x70, 16)))
    #expect(bytes[0x50...].elementsEqual([1, 0, 0, 0, 1, 2, 3, 4, 8, 7, 6, 5, 4, 3, 2, 1]))
  }

  @Test func `another version and another length are refused`() throws {
    let bytes = try exampleIDBlock().serialized()
    #expect(throws: FormatError.self) { try IDBlock(parsing: bytes + [0]) }
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try IDBlock(parsing: Array(bytes[..<count])) }
    }
    for version in [0, 2] as [UInt8] {
      var other = bytes
      other[0x50] = version
      let error = try #require(throws: FormatError.self) { try IDBlock(parsing: other) }
      #expect(error.offset == 0x50)
    }
    #expect(throws: CryptoError.self) {
      try IDBlock(launchDigest: [1], familyID: [], imageID: [], guestSVN: 0, policy: .snpDefault)
    }
  }

  @Test func `damaged blocks never trap`() throws {
    expectRoundTripOrRefusal(try exampleIDBlock().serialized()) { bytes throws(FormatError) in
      try IDBlock(parsing: bytes).serialized()
    }
  }
}

@Suite struct IDAuthTests {
  static func example(author: Bool = true) throws -> (block: IDBlock, auth: IDAuth) {
    let block = try exampleIDBlock()
    let author = author ? try scalar(from: 0x60) : nil
    return (block, try IDAuth.sign(block, idKey: scalar(from: 1), author: author))
  }

  @Test(arguments: [true, false]) func `comes back from its bytes, and verifies`(_ author: Bool) throws {
    let (block, auth) = try Self.example(author: author)
    let bytes = auth.serialized()
    let parsed = try IDAuth(parsing: bytes)
    #expect(bytes.count == 4096 && parsed == auth)
    #expect(try parsed.signs(block))
    #expect(try parsed.authorSignsKey() == (author ? true : nil))
    #expect(try (parsed.authorKeyDigest() != nil) == author)
  }

  @Test func `key digests are SHA-384 of the 0x404 bytes in the structure`() throws {
    let (_, auth) = try Self.example()
    let bytes = auth.serialized()
    #expect(try auth.idKeyDigest() == SHA384.hash(Array(bytes[0x240..<0x240 + 0x404])))
    #expect(try auth.authorKeyDigest() == SHA384.hash(Array(bytes[0x880..<0x880 + 0x404])))
  }

  @Test func `another block or another key is not signed`() throws {
    let (block, auth) = try Self.example()
    #expect(try !auth.signs(exampleIDBlock(svn: 8)))
    #expect(try !auth.signs(exampleIDBlock(policy: 0xB0000)))
    let other = try IDAuth.sign(block, idKey: scalar(from: 2), author: nil)
    let mixed = IDAuth(idKey: other.idKey, blockSignature: other.blockSignature, author: auth.author)
    #expect(try mixed.signs(block) && mixed.authorSignsKey() == false)
  }

  @Test(arguments: [
    (0x000, 0x000), (0x004, 0x004), (0x008, 0x008), (0x03F, 0x03F), (0x070, 0x040), (0x0D0, 0x0D0),
    (0x240, 0x240), (0x28C, 0x244), (0x2D4, 0x2D4), (0x644, 0x644), (0x67F, 0x67F), (0x6B0, 0x680),
    (0x710, 0x710), (0x880, 0x880), (0xC84, 0xC84), (0xFFF, 0xFFF),
  ])
  func `a byte out of place is refused with the place`(_ changed: Int, _ place: Int) throws {
    var bytes = try Self.example().auth.serialized()
    bytes[changed] ^= 6
    let error = try #require(throws: FormatError.self) { try IDAuth(parsing: bytes) }
    #expect(error.offset == place, "\(error.summary)")
  }

  @Test func `without an author key its fields are zero`() throws {
    for changed in [0x680, 0x8A0, 0x880] {
      var bytes = try Self.example(author: false).auth.serialized()
      bytes[changed] = 1
      #expect(throws: FormatError.self) { try IDAuth(parsing: bytes) }
    }
  }

  @Test func `every truncation is refused, and damage never traps`() throws {
    let bytes = try Self.example().auth.serialized()
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try IDAuth(parsing: Array(bytes[..<count])) }
    }
    expectRoundTripOrRefusal(bytes, count: 4000) { bytes throws(FormatError) in
      try IDAuth(parsing: bytes).serialized()
    }
  }
}
