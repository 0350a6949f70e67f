package import CVMCrypto

/// Where the AMD-SP's random bits come from. An argument of every command that needs some, so that the state
/// machine itself stays pure and a test can replay it.
package protocol Entropy: AnyObject {
  /// Bytes that may become public: nonces, initialisation vectors.
  func bytes(_ count: Int) throws(CryptoError) -> [UInt8]
  /// Bytes that must not: keys.
  func secret(_ count: Int) throws(CryptoError) -> SecretBytes
}

/// The operating system's randomness.
package final class SystemEntropy: Entropy {
  package init() {}

  package func bytes(_ count: Int) throws(CryptoError) -> [UInt8] { try Random.bytes(count) }

  package func secret(_ count: Int) throws(CryptoError) -> SecretBytes { try SecretBytes.random(count) }
}

extension Entropy {
  /// A fresh P-384 key: scalars are drawn until one lies between 0 and the group's order, practically always
  /// the first.
  func p384Key() throws(CryptoError) -> P384.PrivateKey {
    while true {
      do {
        return try P384.PrivateKey(scalar: secret(P384.size))
      } catch .invalidKey {
        continue
      }
    }
  }
}
