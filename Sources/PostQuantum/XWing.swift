package import CVMCrypto
package import enum CVMCrypto.CryptoError
private import Crypto
private import FoundationEssentials
private import Glibc

/// X-Wing, the hybrid of ML-KEM-768 and X25519 (draft-connolly-cfrg-xwing-kem): what it protects stays secret as long as one of
/// the two holds. Used by HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM: suite 0x647A, 1, 2.
package enum XWing {
  /// The private half; the key pair follows from it.
  package static let seedSize = 32
  package static let publicKeySize = 1216
  /// Bytes of HPKE's `enc`.
  package static let encapsulatedSize = 1120
  package static let tagSize = 16

  /// Whom something is sealed to.
  package struct PublicKey: Equatable, Sendable {
    /// 1216 bytes: ML-KEM's key, then X25519's.
    package let bytes: [UInt8]

    /// Throws `.invalidKey` unless they have the length of a key. Bytes that are no key for ML-KEM are found when something is
    /// sealed to them.
    package init(_ bytes: [UInt8]) throws(CryptoError) {
      guard bytes.count == publicKeySize else {
        throw .invalidKey("X-Wing public key of \(bytes.count) bytes, not \(publicKeySize)")
      }
      self.bytes = bytes
    }

    /// `enc` and after it the ciphertext with its tag: one message of a fresh HPKE context.
    package func seal(
      _ secret: SecretBytes, info: [UInt8], associatedData: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
      do {
        let key = try XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)
        var sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite, info: Data(info))
        let ciphertext = try secret.withBytes { bytes throws(any Error) in
          try unsafe sender.seal(bytes, authenticating: associatedData)
        }
        return Array(sender.encapsulatedKey) + Array(ciphertext)
      } catch {
        throw .invalidKey("not an X-Wing public key")
      }
    }
  }

  /// Who can open it. The expanded key lives inside swift-crypto, as long as this object.
  package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let key: XWingMLKEM768X25519.PrivateKey

    /// From a seed of 32 bytes.
    package init(seed: SecretBytes) throws(CryptoError) {
      guard seed.count == seedSize else { throw .invalidKey("X-Wing seed of \(seed.count) bytes") }
      do {
        key = try seed.withBytes { bytes throws(any Error) in
          try unsafe XWingMLKEM768X25519.PrivateKey(seedRepresentation: bytes, publicKey: nil)
        }
      } catch {
        throw .invalidKey("not an X-Wing seed")
      }
      publicKey = try PublicKey(Array(key.publicKey.rawRepresentation))
    }

    /// What `PublicKey.seal` made for this key, with the same info and associated data. `.authenticationFailed` for anything else:
    /// ML-KEM gives another secret where its ciphertext was changed, and the tag then does not fit.
    package func open(
      _ sealed: [UInt8], info: [UInt8], associatedData: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
      guard sealed.count >= encapsulatedSize + tagSize else { throw .authenticationFailed }
      var opened: Data
      do {
        var recipient = try HPKE.Recipient(
          privateKey: key, ciphersuite: suite, info: Data(info),
          encapsulatedKey: Data(sealed[..<encapsulatedSize]))
        opened = try recipient.open(sealed[encapsulatedSize...], authenticating: associatedData)
      } catch {
        throw .authenticationFailed
      }
      return SecretBytes.taking(&opened)
    }
  }

  private static var suite: HPKE.Ciphersuite { .XWingMLKEM768X25519_SHA256_AES_GCM_256 }
}

extension SecretBytes {
  /// Moves the bytes here: the other copy is wiped.
  fileprivate static func taking(_ data: inout Data) -> SecretBytes {
    unsafe data.withUnsafeMutableBytes { source in
      let secret = SecretBytes.filled(source.count) { target in
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(source))
      }
      if let start = source.baseAddress { unsafe explicit_bzero(start, source.count) }
      return secret
    }
  }
}
