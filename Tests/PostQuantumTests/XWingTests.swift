import Bytes
import CVMCrypto
import PostQuantum
import Testing

@Suite struct XWingTests {
  private let secret = SecretBytes(copying: Array("thirty-two bytes of a data key..".utf8))
  private let info = Array("cvmctl/envelope/v1".utf8)
  private let bound = Array("tenant, name, version".utf8)

  @Test func `what is sealed to a key opens with it`() throws {
    let key = try XWing.PrivateKey(seed: .random(32))
    let sealed = try key.publicKey.seal(secret, info: info, associatedData: bound)
    #expect(sealed.count == 1120 + 32 + 16)
    #expect(try key.open(sealed, info: info, associatedData: bound) == secret)
  }

  @Test func `a seed always gives the same pair`() throws {
    let seed = SecretBytes(copying: Array(0..<32))
    let (one, other) = (try XWing.PrivateKey(seed: seed), try XWing.PrivateKey(seed: seed))
    #expect(one.publicKey == other.publicKey)
    let sealed = try one.publicKey.seal(secret, info: info, associatedData: bound)
    #expect(try other.open(sealed, info: info, associatedData: bound) == secret)
  }

  @Test func `two seals of one secret share nothing`() throws {
    let key = try XWing.PrivateKey(seed: .random(32)).publicKey
    let one = try key.seal(secret, info: info, associatedData: bound)
    let other = try key.seal(secret, info: info, associatedData: bound)
    #expect(one.prefix(32) != other.prefix(32) && one.suffix(48) != other.suffix(48))
  }

  @Test(arguments: [0, 1087, 1088, 1119, 1120, 1167]) func `a changed byte is found`(index: Int) throws {
    let key = try XWing.PrivateKey(seed: .random(32))
    var sealed = try key.publicKey.seal(secret, info: info, associatedData: bound)
    sealed[index] ^= 1
    #expect(throws: CryptoError.authenticationFailed) {
      try key.open(sealed, info: info, associatedData: bound)
    }
  }

  @Test func `another key, info, associated data or length opens nothing`() throws {
    let (key, stranger) = (try XWing.PrivateKey(seed: .random(32)), try XWing.PrivateKey(seed: .random(32)))
    let sealed = try key.publicKey.seal(secret, info: info, associatedData: bound)
    for (opener, info, bound, sealed) in [
      (stranger, info, bound, sealed), (key, info + [0], bound, sealed), (key, info, bound + [0], sealed),
      (key, info, bound, Array(sealed.dropLast())), (key, info, bound, Array(sealed.prefix(1135))),
      (key, info, bound, []),
    ] {
      #expect(throws: CryptoError.authenticationFailed) {
        try opener.open(sealed, info: info, associatedData: bound)
      }
    }
  }

  @Test func `bytes that are no key are refused`() throws {
    #expect(throws: CryptoError.self) { try XWing.PublicKey(Array(repeating: 0, count: 1215)) }
    #expect(throws: CryptoError.self) { try XWing.PrivateKey(seed: SecretBytes(count: 31)) }
    // ML-KEM's coefficients are below 3329.
    let noKey = try XWing.PublicKey(Array(repeating: 0xFF, count: 1216))
    #expect(throws: CryptoError.self) { try noKey.seal(secret, info: info, associatedData: bound) }
  }
}
