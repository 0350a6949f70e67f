package import Bytes
package import CVMCrypto

/// A launch session: the transport keys, wrapped for one platform's PDH and bound to one policy.
/// libvirt's `<session>`. Source: AMD 55766, LAUNCH_START, session data.
///
/// | offset | size | field      | Swift       |
/// |-------:|-----:|------------|-------------|
/// |   0x00 |   16 | NONCE      | `nonce`     |
/// |   0x10 |   32 | WRAP_TK    | `wrapTK`    |
/// |   0x30 |   16 | WRAP_IV    | `wrapIV`    |
/// |   0x40 |   32 | WRAP_MAC   | `wrapMAC`   |
/// |   0x60 |   32 | POLICY_MAC | `policyMAC` |
package struct LaunchBlob: Equatable, Sendable {
  package static let size = 128
  package static let nonceSize = 16
  package static let ivSize = 16

  package let nonce: [UInt8]
  /// AES-128-CTR(KEK, WRAP_IV, TEK ‖ TIK).
  package let wrapTK: [UInt8]
  package let wrapIV: [UInt8]
  /// HMAC-SHA-256(KIK, WRAP_TK).
  package let wrapMAC: [UInt8]
  /// HMAC-SHA-256(TIK, POLICY as a little-endian u32).
  package let policyMAC: [UInt8]

  package init(parsing bytes: [UInt8]) throws(FormatError) {
    var cursor = try ByteCursor(bytes, format: "launch blob", size: Self.size)
    nonce = try cursor.array(Self.nonceSize)
    wrapTK = try cursor.array(2 * TransportKeys.keySize)
    wrapIV = try cursor.array(Self.ivSize)
    wrapMAC = try cursor.array(HMACSHA256.size)
    policyMAC = try cursor.array(HMACSHA256.size)
    try cursor.finish()
  }

  package func serialized() -> [UInt8] { nonce + wrapTK + wrapIV + wrapMAC + policyMAC }

  /// Wraps `keys` for the platform of `pdh`. `keys`, `nonce` and `iv` must be fresh random values, used
  /// for this launch alone. Throws `.invalidKey` where `pdh` is no PDH with a P-384 key.
  package static func create(
    ownerKey: P384.PrivateKey, pdh: SEVCertificate, policy: SEVPolicy, keys: TransportKeys, nonce: [UInt8],
    iv: [UInt8]
  ) throws(CryptoError) -> LaunchBlob {
    guard pdh.usage == .pdh, case .p384(let platform) = pdh.publicKey else {
      throw .invalidKey("not a platform Diffie-Hellman certificate")
    }
    return try create(z: ownerKey.sharedX(with: platform), policy: policy, keys: keys, nonce: nonce, iv: iv)
  }

  /// As above, from the ECDH secret.
  package static func create(
    z: SecretBytes, policy: SEVPolicy, keys: TransportKeys, nonce: [UInt8], iv: [UInt8]
  ) throws(CryptoError) -> LaunchBlob {
    guard nonce.count == nonceSize, iv.count == ivSize else {
      throw .invalidInput("session nonce or initialisation vector of a wrong length")
    }
    let session = try SessionKeys(z: z, nonce: nonce)
    let wrapTK = try AES128CTR.apply(key: session.kek, iv: iv, toSecret: keys.joined)
    return LaunchBlob(
      nonce: nonce, wrapTK: wrapTK, wrapIV: iv,
      wrapMAC: try HMACSHA256.authenticate(key: session.kik, [wrapTK]),
      policyMAC: try policyMAC(policy, keys.tik))
  }

  /// Whether this blob was made for `policy` with this TIK: the one of its MACs that the owner can check without the platform's key.
  package func isBound(to policy: SEVPolicy, tik: SecretBytes) throws(CryptoError) -> Bool {
    constantTimeEqual(try Self.policyMAC(policy, tik), policyMAC)
  }

  static func policyMAC(_ policy: SEVPolicy, _ tik: SecretBytes) throws(CryptoError) -> [UInt8] {
    try HMACSHA256.authenticate(key: tik, [policy.rawValue.littleEndianBytes])
  }

  private init(
    nonce: [UInt8], wrapTK: [UInt8], wrapIV: [UInt8], wrapMAC: [UInt8], policyMAC: [UInt8]
  ) {
    self.nonce = nonce
    self.wrapTK = wrapTK
    self.wrapIV = wrapIV
    self.wrapMAC = wrapMAC
    self.policyMAC = policyMAC
  }
}
