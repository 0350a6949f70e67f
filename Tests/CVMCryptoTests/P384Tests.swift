import CVMCrypto
import Testing

@Suite struct P384Tests {
  static let order = """
    ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973
    """

  // Worked example of the session formulas, recomputed independently.
  @Test func `both sides of an exchange find the same x`() throws {
    let owner = try P384.PrivateKey(scalar: SecretBytes(copying: Array(0x01...0x30)))
    let platform = try P384.PrivateKey(scalar: SecretBytes(copying: Array(0x31...0x60)))
    #expect(
      owner.publicKey.x
        == hex(
          "c76f2283dda95cd49b0ed9e733d2904474e37216f124e13d2c9ab4cf01021c49ad9cabb3d0b97499aef2f0ab313fa028"))
    #expect(
      platform.publicKey.x
        == hex(
          "db89855d1980b2aacdec0752249bea9e0630c16b69c095f6c752b2547b520d8109511d908881491780594f03cfee8a0a"))
    let z = hex(
      "9fafc5903b2f873ed24fffa1c5d44d75bf047179b13b3b3ea3681cfb329e80477e17aaa98ab10bff8265a0a6e9da74aa")
    #expect(try owner.sharedX(with: platform.publicKey).revealed == z)
    #expect(try platform.sharedX(with: owner.publicKey).revealed == z)
  }

  // RFC 6979, A.2.6, curve P-384, message "sample".
  @Test func `RFC 6979's signatures verify`() throws {
    let key = try P384.PrivateKey(
      scalar: secret(
        "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"))
    let sha384 = try ECDSASignature(
      r: hex(
        "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"),
      s: hex(
        "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"))
    let message = Array("sample".utf8)
    #expect(try key.publicKey.verify(sha384, of: message, hash: .sha384))
    #expect(try !key.publicKey.verify(sha384, of: message, hash: .sha256))
    #expect(try !key.publicKey.verify(sha384, of: message + [0], hash: .sha384))
  }

  @Test(arguments: [HashAlgorithm.sha256, .sha384])
  func `what a key signs, its public key alone verifies`(_ hash: HashAlgorithm) throws {
    let key = try P384.PrivateKey()
    let other = try P384.PrivateKey()
    let signature = try key.sign([1, 2, 3], hash: hash)
    #expect(try key.publicKey.verify(signature, of: [1, 2, 3], hash: hash))
    #expect(try !other.publicKey.verify(signature, of: [1, 2, 3], hash: hash))
    var r = signature.r
    r[47] ^= 1
    #expect(try !key.publicKey.verify(ECDSASignature(r: r, s: signature.s), of: [1, 2, 3], hash: hash))
    let rebuilt = try P384.PublicKey(x: key.publicKey.x, y: key.publicKey.y)
    #expect(try rebuilt == key.publicKey && rebuilt.verify(signature, of: [1, 2, 3], hash: hash))
  }

  @Test func `signature numbers out of range do not verify`() throws {
    let key = try P384.PrivateKey()
    let good = try key.sign([1], hash: .sha256)
    let zero = [UInt8](repeating: 0, count: 48)
    for bad in [zero, hex(Self.order), [UInt8](repeating: 0xFF, count: 48)] {
      #expect(try !key.publicKey.verify(ECDSASignature(r: bad, s: good.s), of: [1], hash: .sha256))
      #expect(try !key.publicKey.verify(ECDSASignature(r: good.r, s: bad), of: [1], hash: .sha256))
    }
    #expect(throws: CryptoError.self) { try ECDSASignature(r: [1], s: good.s) }
  }

  @Test func `a scalar survives the way out and in`() throws {
    let key = try P384.PrivateKey()
    let again = try P384.PrivateKey(scalar: key.scalar())
    #expect(again.publicKey == key.publicKey)
    let small = SecretBytes(copying: [UInt8](repeating: 0, count: 47) + [1])
    #expect(try P384.PrivateKey(scalar: small).scalar() == small)
  }

  @Test func `a scalar out of range is refused`() throws {
    let wrong = [
      [UInt8](repeating: 0, count: 48), hex(Self.order), [UInt8](repeating: 0xFF, count: 48), [1],
    ]
    let publicKey = try P384.PrivateKey().publicKey
    for bytes in wrong {
      let scalar = SecretBytes(copying: bytes)
      #expect(throws: CryptoError.self) { try P384.PrivateKey(scalar: scalar) }
      #expect(throws: CryptoError.self) { try P384.PrivateKey(scalar: scalar, publicKey: publicKey) }
    }
    var largest = hex(Self.order)
    largest[47] -= 1
    #expect(try P384.PrivateKey(scalar: SecretBytes(copying: largest)).scalar().revealed == largest)
  }

  @Test func `a key of both its halves agrees and signs like the one of its scalar`() throws {
    let (key, peer) = (try P384.PrivateKey(), try P384.PrivateKey())
    let again = try P384.PrivateKey(scalar: key.scalar(), publicKey: key.publicKey)
    #expect(try again.publicKey == key.publicKey && again.scalar() == key.scalar())
    #expect(try again.sharedX(with: peer.publicKey) == peer.sharedX(with: key.publicKey))
    #expect(try key.publicKey.verify(again.sign([7], hash: .sha256), of: [7], hash: .sha256))
  }

  @Test func `a point off the curve is refused`() throws {
    let key = try P384.PrivateKey().publicKey
    var y = key.y
    y[0] ^= 1
    #expect(throws: CryptoError.invalidKey("the point is not on P-384")) {
      try P384.PublicKey(x: key.x, y: y)
    }
    let zero = [UInt8](repeating: 0, count: 48)
    #expect(throws: CryptoError.self) { try P384.PublicKey(x: zero, y: zero) }
    let high = [UInt8](repeating: 0xFF, count: 48)
    #expect(throws: CryptoError.self) { try P384.PublicKey(x: high, y: key.y) }
    #expect(throws: CryptoError.self) { try P384.PublicKey(x: [1], y: key.y) }
  }
}
