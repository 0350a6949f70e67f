package import CVMCrypto
package import SEV

/// A platform whose PDH leads to a trusted root, every link checked. Only `PlatformChain.verify` makes
/// one, so a session that takes it cannot be wrapped for a key that nobody vouches for.
package struct VerifiedPlatform: Equatable, Sendable {
  package let pdh: SEVCertificate
  package let pek: SEVCertificate
  package let trust: RootTrust
  package let publicKey: P384.PublicKey

  /// True where the chain proves nothing, because its root is a simulation's.
  package var isSimulated: Bool { trust == .simulated }

  init?(pdh: SEVCertificate, pek: SEVCertificate, trust: RootTrust) {
    guard case .p384(let key) = pdh.publicKey else { return nil }
    self.pdh = pdh
    self.pek = pek
    self.trust = trust
    publicKey = key
  }

  /// Wraps a launch session for this platform: see `LaunchBlob.create`.
  package func session(
    ownerKey: P384.PrivateKey, policy: SEVPolicy, keys: TransportKeys, nonce: [UInt8], iv: [UInt8]
  ) throws(CryptoError) -> LaunchBlob {
    try LaunchBlob.create(
      ownerKey: ownerKey, pdh: pdh, policy: policy, keys: keys, nonce: nonce, iv: iv)
  }
}

/// What became of a chain: every check, and the platform if all was well.
package struct ChainResult: Equatable, Sendable {
  package let checks: [Check]
  /// Nil where the root is not AMD's.
  package let product: AMDProduct?
  /// Whether the root or the signing key calls itself simulated, accepted or not.
  package let isSimulated: Bool
  /// Nil unless the chain is accepted.
  package let platform: VerifiedPlatform?

  package var isAccepted: Bool { platform != nil }
}
