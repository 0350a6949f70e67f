import Bytes
import CVMCrypto
import PostQuantum
import Testing

@Suite struct CompositeSignatureTests {
  // Worked example, computed by two independent implementations: seeds 00..1f and 20..3f.
  private let seed = SecretBytes(copying: Array(0..<64))
  private let message = Array("cvmctl audit head 1".utf8)
  private let context = Array("cvmctl/audit/v1".utf8)

  @Test func `the key pair of the worked example`() throws {
    let key = try CompositeSignature.PrivateKey(seed: seed).publicKey
    #expect(key.bytes.count == 1984)
    #expect(
      try Hex.encode(SHA256.hash(key.bytes))
        == "f5c64072749870718394df9a06a384e58e3adf6e6ae897fb1cc5da9c4d3867a0")
  }

  @Test func `what both parts sign in the worked example`() throws {
    let signed = try CompositeSignature.representative(message, context: context)
    #expect(signed.count == 142)
    #expect(
      try Hex.encode(SHA256.hash(signed))
        == "5b5fa08e78b948f3606546ad4cd1fa96e4396417f082e644f4e4bf28258bfa07")
  }

  @Test func `a signature holds for its message, context and key only`() throws {
    let key = try CompositeSignature.PrivateKey(seed: seed)
    let signature = try key.sign(message, context: context)
    #expect(signature.count == 3373)
    #expect(try key.publicKey.verify(signature, of: message, context: context))
    #expect(try !key.publicKey.verify(signature, of: message + [0], context: context))
    #expect(try !key.publicKey.verify(signature, of: message, context: Array("cvmctl/audit/v2".utf8)))
    let stranger = try CompositeSignature.PrivateKey(seed: .random(64)).publicKey
    #expect(try !stranger.verify(signature, of: message, context: context))
    #expect(try !key.publicKey.verify(Array(signature.dropLast()), of: message, context: context))
  }

  @Test(arguments: [0, 3308, 3309, 3372]) func `either part alone is refused`(damaged index: Int) throws {
    let key = try CompositeSignature.PrivateKey(seed: seed)
    var signature = try key.sign(message, context: context)
    signature[index] ^= 1
    #expect(try !key.publicKey.verify(signature, of: message, context: context))
  }

  @Test func `two keys cannot lend each other a part`() throws {
    let (one, other) = (
      try CompositeSignature.PrivateKey(seed: seed), try CompositeSignature.PrivateKey(seed: .random(64))
    )
    let (first, second) = (
      try one.sign(message, context: context), try other.sign(message, context: context)
    )
    let mixed = Array(first.prefix(3309)) + Array(second.suffix(64))
    #expect(try !one.publicKey.verify(mixed, of: message, context: context))
    #expect(try !other.publicKey.verify(mixed, of: message, context: context))
  }

  @Test func `seeds and keys of other lengths are refused`() {
    #expect(throws: CryptoError.self) { try CompositeSignature.PrivateKey(seed: SecretBytes(count: 63)) }
    #expect(throws: CryptoError.self) { try CompositeSignature.PublicKey(Array(repeating: 0, count: 1983)) }
    #expect(throws: CryptoError.self) {
      try CompositeSignature.representative(message, context: Array(repeating: 0, count: 256))
    }
  }
}
