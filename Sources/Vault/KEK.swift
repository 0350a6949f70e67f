import CVMCrypto
import PostQuantum

/// How a tenant's KEK seals.
package enum KEKKind: String, CaseIterable, Codable, Sendable {
  case aes256GCM = "aes-256-gcm"
  /// To a public key: ML-KEM-768 with X25519. The vault wraps the private half.
  case xWing = "x-wing"
  /// Likewise, and the tenant alone has the private half: the vault seals and does not open. Its row holds the public half, sealed
  /// by the root key, so that nobody else's can be put in its place.
  case held = "x-wing-held"

  /// Of the envelopes that such a KEK makes.
  package var sealing: Envelope.Algorithm {
    switch self {
    case .aes256GCM: .aes256GCM
    case .xWing, .held: .xWing
    }
  }

  /// Bound to the KEK's own envelope, so that none is taken for another kind.
  var purpose: String {
    switch self {
    case .aes256GCM: Vault.kekPurpose
    case .xWing, .held: "\(Vault.kekPurpose)/\(rawValue)"
    }
  }

  /// Bytes of what is in the KEK's own envelope: a key, a seed or a public key.
  var size: Int {
    switch self {
    case .aes256GCM: AES256GCM.keySize
    case .xWing: XWing.seedSize
    case .held: XWing.publicKeySize
    }
  }
}

/// A version of a tenant's KEK, opened.
enum KEK: Sendable {
  case symmetric(SecretBytes)
  case pair(XWing.PrivateKey)
  case publicHalf(XWing.PublicKey)

  /// Of what the root key has sealed. `.notAuthentic` for bytes of another kind's length.
  init(_ kind: KEKKind, _ secret: SecretBytes) throws(VaultError) {
    guard secret.count == kind.size else { throw .notAuthentic(object: Vault.kekObject) }
    do {
      switch kind {
      case .aes256GCM: self = .symmetric(secret)
      case .xWing: self = .pair(try XWing.PrivateKey(seed: secret))
      case .held: self = .publicHalf(try XWing.PublicKey(secret.withBytes { unsafe Array($0) }))
      }
    } catch {
      throw .crypto(error)
    }
  }

  func seal(_ secret: SecretBytes, version: UInt32, _ context: KeyContext) throws(VaultError) -> [UInt8] {
    switch self {
    case .symmetric(let key): try Vault.seal(secret, key: key, kekVersion: version, context)
    case .pair(let key): try Vault.seal(secret, to: key.publicKey, kekVersion: version, context)
    case .publicHalf(let key): try Vault.seal(secret, to: key, kekVersion: version, context)
    }
  }

  func open(_ envelope: Envelope, _ context: KeyContext) throws(VaultError) -> SecretBytes {
    switch self {
    case .symmetric(let key): try Vault.open(envelope, key: key, context)
    case .pair(let key): try Vault.open(envelope, with: key, context)
    case .publicHalf: throw .heldByTenant(context.tenant)
    }
  }
}

// MARK: Envelopes to a public key

extension Vault {
  private static let sealedInfo = Array("cvmctl/envelope/v1".utf8)

  static func seal(
    _ secret: SecretBytes, to key: XWing.PublicKey, kekVersion: UInt32, _ context: KeyContext
  ) throws(VaultError) -> [UInt8] {
    do {
      let sealed = try key.seal(
        secret, info: sealedInfo,
        associatedData: Envelope.header(.xWing, kekVersion) + context.encoded)
      return Envelope(
        algorithm: .xWing, kekVersion: kekVersion, nonce: Envelope.noNonce, ciphertext: sealed
      ).serialized()
    } catch {
      throw .crypto(error)
    }
  }

  static func open(
    _ envelope: Envelope, with key: XWing.PrivateKey, _ context: KeyContext
  ) throws(VaultError) -> SecretBytes {
    guard envelope.algorithm == .xWing else { throw .notAuthentic(object: context.object) }
    do {
      return try key.open(
        envelope.ciphertext, info: sealedInfo,
        associatedData: Envelope.header(.xWing, envelope.kekVersion) + context.encoded)
    } catch .authenticationFailed {
      throw .notAuthentic(object: context.object)
    } catch {
      throw .crypto(error)
    }
  }
}
