import CVMCrypto
import Testing

@Suite("Shamir's shares") struct ShamirTests {
  private func bytes(_ secret: SecretBytes) -> [UInt8] { secret.withBytes { unsafe Array($0) } }

  /// Worked example: 53 + 0A·x + 0B·x² over GF(256)/0x11B, recomputed with another implementation.
  @Test func `a polynomial's points give back its constant`() throws {
    let points: [[UInt8]] = [[0x52, 1], [0x6B, 2], [0x6A, 3], [0xA2, 0xFF]]
    for left in points.indices {
      let three = points.indices.filter { $0 != left }.map { SecretBytes(copying: points[$0]) }
      #expect(bytes(try Shamir.combine(three)) == [0x53])
    }
  }

  @Test(arguments: [(2, 2), (2, 3), (3, 5), (5, 5), (2, 255), (255, 255)])
  func `any of them, as many as the threshold, give the secret`(_ threshold: Int, _ count: Int) throws {
    let secret = try SecretBytes.random(32)
    let shares = try Shamir.split(secret, threshold: threshold, shares: count)
    #expect(shares.map { Int(Shamir.x(of: $0)) } == Array(1...count))
    #expect(try Shamir.combine(Array(shares.prefix(threshold))) == secret)
    #expect(try Shamir.combine(shares.suffix(threshold).reversed()) == secret)
  }

  @Test func `fewer give something else`() throws {
    let secret = try SecretBytes.random(32)
    let shares = try Shamir.split(secret, threshold: 3, shares: 5)
    #expect(try Shamir.combine(Array(shares.prefix(2))) != secret)
  }

  @Test(arguments: [(1, 3), (4, 3), (2, 256), (0, 0)])
  func `impossible numbers are refused`(_ threshold: Int, _ count: Int) throws {
    #expect(throws: CryptoError.invalidInput("\(threshold) of \(count) shares")) {
      try Shamir.split(SecretBytes(count: 32), threshold: threshold, shares: count)
    }
  }

  @Test(
    arguments: [
      [[1, 1], [2, 1]], [[1, 0], [2, 1]], [[1, 1], [2, 3, 2]], [[1, 1]], [[1], [2]], [],
    ] as [[[UInt8]]])
  func `shares that do not go together are refused`(_ shares: [[UInt8]]) throws {
    #expect(throws: CryptoError.self) { try Shamir.combine(shares.map { SecretBytes(copying: $0) }) }
  }
}
