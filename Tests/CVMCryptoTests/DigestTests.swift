import Bytes
import CVMCrypto
import Testing

@Suite struct DigestTests {
  // FIPS 180-4 examples, "abc" and the empty message.
  @Test func `SHA-256 gives the standard's digests`() throws {
    #expect(
      try SHA256.hash(Array("abc".utf8))
        == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    #expect(
      try SHA256.hash([]) == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
  }

  @Test func `SHA-384 gives the standard's digest`() throws {
    #expect(
      try SHA384.hash(Array("abc".utf8))
        == hex(
          """
          cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed
          8086072ba1e7cc2358baeca134c825a7
          """))
  }

  @Test func `pieces hash as the whole`() throws {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let stream = try SHA256.Stream()
    for start in stride(from: 0, to: bytes.count, by: 999) {
      stream.update(Array(bytes[start..<min(start + 999, bytes.count)]))
    }
    stream.update([])
    #expect(try stream.finalize() == SHA256.hash(bytes))
  }

  /// What was hashed last is remembered: neither other bytes nor another algorithm nor a place further on may take it.
  @Test func `large arrays hash the same whatever was hashed before`() throws {
    var bytes = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    func piecewise(_ bytes: [UInt8]) throws -> [UInt8] {
      let stream = try SHA256.Stream()
      for start in stride(from: 0, to: bytes.count, by: 65536) {
        stream.update(Array(bytes[start..<min(start + 65536, bytes.count)]))
      }
      return try stream.finalize()
    }
    let expected = try piecewise(bytes)
    let sha384 = try SHA384.hash(bytes)
    for _ in 0..<2 {
      #expect(try SHA256.hash(bytes) == expected)
      #expect(try SHA256.hash(Array(bytes.reversed().reversed())) == expected)
      #expect(try SHA384.hash(bytes) == sha384)
    }
    _ = try SHA256.hash(bytes)
    let twice = try SHA256.Stream()
    twice.update(bytes)
    twice.update(bytes)
    #expect(try twice.finalize() == piecewise(bytes + bytes))
    let late = try SHA256.Stream()
    late.update([1])
    late.update(bytes)
    #expect(try late.finalize() == piecewise([1] + bytes))
    _ = try SHA256.hash(bytes)
    bytes[bytes.count - 1] ^= 1
    #expect(try SHA256.hash(bytes) == piecewise(bytes))
    #expect(try SHA256.hash(Array(bytes.dropLast())) == piecewise(bytes.dropLast()))
  }

  @Test func `a second finalize throws`() throws {
    let stream = try SHA384.Stream()
    _ = try stream.finalize()
    #expect(throws: CryptoError.self) { try stream.finalize() }
  }

  // RFC 4231, test cases 2 and 6 (a key longer than the block).
  @Test func `HMAC-SHA-256 gives RFC 4231's tags, in one part or several`() throws {
    let key = SecretBytes(copying: Array("Jefe".utf8))
    let expected = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(try HMACSHA256.authenticate(key: key, [Array("what do ya want for nothing?".utf8)]) == expected)
    let parts = ["what do ya ", "", "want for nothing?"].map { Array($0.utf8) }
    #expect(try HMACSHA256.authenticate(key: key, parts) == expected)
    #expect(try HMACSHA256.derive(key: key, parts, count: 16).revealed == Array(expected[..<16]))
    let long = SecretBytes(copying: [UInt8](repeating: 0xAA, count: 131))
    #expect(
      try HMACSHA256.authenticate(
        key: long, [Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)])
        == hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
  }

  @Test func `no more than 32 bytes derive from one HMAC`() {
    #expect(throws: CryptoError.self) {
      try HMACSHA256.derive(key: SecretBytes(copying: [1]), [], count: 33)
    }
  }

  @Test func `an empty HMAC key is a key`() throws {
    // HMAC-SHA-256 of nothing under the empty key, a widely published value.
    #expect(
      try HMACSHA256.authenticate(key: SecretBytes(count: 0), [[]])
        == hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"))
  }
}
