import CVMCrypto
import Testing

@Suite struct SecretBytesTests {
  @Test func `new bytes are zero`() {
    #expect(SecretBytes(count: 5).revealed == [0, 0, 0, 0, 0])
    #expect(SecretBytes(count: 0).revealed.isEmpty)
  }

  @Test func `copying keeps the bytes across page borders`() {
    let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0) }
    #expect(SecretBytes(copying: bytes).revealed == bytes)
  }

  @Test func `pages that were used before come back as zeros`() {
    for _ in 0..<40 {
      _ = (0..<20).map { SecretBytes(copying: [UInt8](repeating: UInt8($0) + 1, count: 4096)) }
      for secret in (0..<20).map({ _ in SecretBytes(count: 4096) }) {
        #expect(secret.revealed.allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func `secrets that live at once share no page`() {
    let secrets = (0..<50).map { SecretBytes(copying: [UInt8($0)]) }
    #expect(secrets.map { $0.revealed[0] } == Array(0..<50))
  }

  @Test func `equality wants the same length and the same bytes`() {
    let a = SecretBytes(copying: [1, 2, 3])
    #expect(a == SecretBytes(copying: [1, 2, 3]))
    #expect(a != SecretBytes(copying: [1, 2, 4]))
    #expect(a != SecretBytes(copying: [1, 2]))
    #expect(a != SecretBytes(copying: [1, 2, 3, 0]))
  }

  @Test func `a slice outside the bytes is nil`() {
    let a = SecretBytes(copying: [1, 2, 3, 4])
    #expect(a.slice(1..<3)?.revealed == [2, 3])
    #expect(a.slice(4..<4)?.count == 0)
    #expect(a.slice(2..<5) == nil)
    #expect(a.slice(-1..<2) == nil)
  }

  @Test func `joined parts stand one after another`() {
    let parts = [SecretBytes(copying: [1, 2]), SecretBytes(count: 0), SecretBytes(copying: [3])]
    #expect(SecretBytes.joined(parts).revealed == [1, 2, 3])
    #expect(SecretBytes.joined([]).count == 0)
  }

  @Test func `two random secrets differ`() throws {
    #expect(try SecretBytes.random(32) != SecretBytes.random(32))
    #expect(try SecretBytes.random(0).count == 0)
  }

  @Test func `an error in filling comes out`() {
    #expect(throws: CryptoError.randomUnavailable) {
      try SecretBytes.filled(4) { _ throws(CryptoError) in throw .randomUnavailable }
    }
  }

  @Test func `the description shows no byte`() {
    #expect(!"\(SecretBytes(copying: [171, 205]))".contains("171"))
  }
}

@Suite struct ConstantTimeTests {
  @Test func `only equal bytes of equal length are equal`() {
    #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
    #expect(constantTimeEqual([], []))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2, 2]))
    #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
  }
}
