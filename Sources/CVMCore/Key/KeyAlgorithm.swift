import CVMCrypto
import Vault

/// What the bytes of a key are for.
package enum KeyAlgorithm: String, CaseIterable, Codable, Sendable {
  case aes256 = "aes-256"
  case aes128 = "aes-128"
  /// Bytes that somebody brought: a passphrase, a key of another tool.
  case opaque

  /// Bytes of such a key; nil for any number.
  package var size: Int? {
    switch self {
    case .aes256: 32
    case .aes128: 16
    case .opaque: nil
    }
  }

  /// A fresh key.
  func random() throws(CoreError) -> SecretBytes {
    guard let size else {
      throw .usage("an opaque key is brought, not made", hint: "give its file")
    }
    do { return try SecretBytes.random(size) } catch { throw .crypto(error) }
  }

  /// Throws unless these bytes can be such a key.
  func require(_ secret: SecretBytes, from source: String) throws(CoreError) {
    guard size == nil || secret.count == size else {
      throw .usage("\(source): an \(rawValue) key has \(size ?? 0) bytes, not \(secret.count)")
    }
    guard Vault.secretSizes.contains(secret.count) else {
      throw .usage("\(source): a key has 1 to \(Vault.secretSizes.upperBound) bytes")
    }
  }
}
