import CVMCrypto
import Testing

@Suite struct RSAPSSTests {
  /// One key for the suite: making one takes a noticeable time.
  static let key = Result { try RSAPSS.PrivateKey(bits: 2048) }

  @Test(arguments: [HashAlgorithm.sha256, .sha384])
  func `a signature verifies with its key, message and hash only`(_ hash: HashAlgorithm) throws {
    let key = try Self.key.get()
    let signature = try key.sign([1, 2, 3], hash: hash)
    #expect(signature.count == 256)
    #expect(try key.publicKey.verify(signature, of: [1, 2, 3], hash: hash))
    #expect(try !key.publicKey.verify(signature, of: [1, 2], hash: hash))
    let otherHash: HashAlgorithm = hash == .sha256 ? .sha384 : .sha256
    #expect(try !key.publicKey.verify(signature, of: [1, 2, 3], hash: otherHash))
    for index in [0, 100, 255] {
      var changed = signature
      changed[index] ^= 1
      #expect(try !key.publicKey.verify(changed, of: [1, 2, 3], hash: hash))
    }
    #expect(try !key.publicKey.verify(Array(signature.dropLast()), of: [1, 2, 3], hash: hash))
    #expect(try !key.publicKey.verify([0] + signature, of: [1, 2, 3], hash: hash))
    #expect(try !key.publicKey.verify([], of: [1, 2, 3], hash: hash))
  }

  @Test func `a key rebuilt from its numbers verifies`() throws {
    let key = try Self.key.get()
    let signature = try key.sign([5], hash: .sha384)
    let rebuilt = try RSAPSS.PublicKey(modulus: [0, 0] + key.publicKey.modulus, exponent: [0, 1, 0, 1])
    #expect(rebuilt == key.publicKey)
    #expect(try rebuilt.verify(signature, of: [5], hash: .sha384))
  }

  @Test func `a private key survives PKCS #8`() throws {
    let key = try Self.key.get()
    let again = try RSAPSS.PrivateKey(serialized: key.serialized())
    #expect(again.publicKey == key.publicKey)
    #expect(try key.publicKey.verify(again.sign([7], hash: .sha256), of: [7], hash: .sha256))
    #expect(throws: CryptoError.self) { try RSAPSS.PrivateKey(serialized: SecretBytes(count: 64)) }
    #expect(throws: CryptoError.self) { try RSAPSS.PrivateKey(serialized: SecretBytes(count: 0)) }
  }

  @Test func `a malformed public key is refused`() throws {
    let good = try Self.key.get().publicKey
    var even = good.modulus
    even[255] &= 0xFE
    #expect(throws: CryptoError.self) { try RSAPSS.PublicKey(modulus: even, exponent: [1, 0, 1]) }
    let short = Array(good.modulus.dropFirst())
    #expect(throws: CryptoError.self) { try RSAPSS.PublicKey(modulus: short, exponent: [1, 0, 1]) }
    for exponent: [UInt8] in [[], [0], [1], [2], [1, 0, 0, 0, 0, 0, 0, 0, 1]] {
      #expect(throws: CryptoError.self) { try RSAPSS.PublicKey(modulus: good.modulus, exponent: exponent) }
    }
    #expect(throws: CryptoError.self) { try RSAPSS.PublicKey(modulus: [], exponent: [1, 0, 1]) }
    #expect(throws: CryptoError.self) { try RSAPSS.PrivateKey(bits: 1024) }
  }
}
