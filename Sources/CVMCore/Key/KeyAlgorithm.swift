import CVMCrypto
import PostQuantum
import Vault

/// What the bytes of a key are for.
package enum KeyAlgorithm: String, CaseIterable, Codable, Sendable {
  case aes256 = "aes-256"
  case aes128 = "aes-128"
  /// Bytes that somebody brought: a passphrase, a key of another tool.
  case opaque
  /// Signs: a seed of Ed25519.
  case ed25519
  /// Signs, ECDSA: a scalar of P-384, big-endian, as AMD's ID blocks need it.
  case p384
  /// Signs: the seeds of MLDSA65-Ed25519-SHA512, both of which must verify.
  case hybrid

  /// Bytes of such a key; nil for any number.
  package var size: Int? {
    switch self {
    case .aes256, .ed25519: 32
    case .aes128: 16
    case .p384: P384.size
    case .hybrid: CompositeSignature.seedSize
    case .opaque: nil
    }
  }

  /// Of a key whose maker names none.
  package var usualPurpose: String { isSigning ? "sign" : "data" }

  /// Such a key has a public half.
  package var isSigning: Bool {
    switch self {
    case .ed25519, .p384, .hybrid: true
    case .aes256, .aes128, .opaque: false
    }
  }

  /// A fresh key.
  func random() throws(CoreError) -> SecretBytes {
    guard let size else {
      throw .usage("an opaque key is brought, not made", hint: "give its file")
    }
    do {
      return self == .p384 ? try P384.PrivateKey().scalar() : try SecretBytes.random(size)
    } catch {
      throw .crypto(error)
    }
  }

  /// Throws unless these bytes can be such a key.
  func require(_ secret: SecretBytes, from source: String) throws(CoreError) {
    guard size == nil || secret.count == size else {
      throw .usage("\(source): an \(rawValue) key has \(size ?? 0) bytes, not \(secret.count)")
    }
    guard Vault.secretSizes.contains(secret.count) else {
      throw .usage("\(source): a key has 1 to \(Vault.secretSizes.upperBound) bytes")
    }
    guard isSigning else { return }
    do { _ = try publicKey(of: secret) } catch {
      throw .usage("\(source): not a private key of \(rawValue)")
    }
  }

  /// What verifies the signatures of a key; nil for one that does not sign.
  func publicKey(of secret: SecretBytes) throws(CoreError) -> PublicKeyBytes? {
    do {
      return switch self {
      case .ed25519: PublicKeyBytes(.ed25519, try Ed25519.PrivateKey(seed: secret).publicKey.bytes)
      case .p384: PublicKeyBytes(.p384, try P384.PrivateKey(scalar: secret).publicKey.point)
      case .hybrid: PublicKeyBytes(.hybrid, try CompositeSignature.PrivateKey(seed: secret).publicKey.bytes)
      case .aes256, .aes128, .opaque: nil
      }
    } catch {
      throw .crypto(error)
    }
  }
}
