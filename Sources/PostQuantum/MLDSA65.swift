package import CVMCrypto
package import enum CVMCrypto.CryptoError
private import Crypto
private import FoundationEssentials

/// ML-DSA-65 (FIPS 204): signatures that stand against a quantum computer. Deterministic keys from a seed, hedged signatures.
package enum MLDSA65 {
  package static let seedSize = 32
  package static let publicKeySize = 1952
  package static let signatureSize = 3309

  package struct PublicKey: Equatable, Sendable {
    /// 1952 bytes, as FIPS 204 encodes a key.
    package let bytes: [UInt8]

    /// Throws `.invalidKey` unless these bytes have the length of a key.
    package init(_ bytes: [UInt8]) throws(CryptoError) {
      guard bytes.count == publicKeySize else {
        throw .invalidKey("ML-DSA-65 public key of \(bytes.count) bytes, not \(publicKeySize)")
      }
      self.bytes = bytes
    }

    /// Whether `signature` is this key's over the message in this context (at most 255 bytes).
    package func verify(_ signature: [UInt8], of message: [UInt8], context: [UInt8]) -> Bool {
      guard signature.count == signatureSize, context.count <= 255,
        let key = try? Crypto.MLDSA65.PublicKey(rawRepresentation: bytes)
      else { return false }
      return key.isValidSignature(signature, for: message, context: context)
    }
  }

  /// A private key. It lives inside swift-crypto as long as this object.
  package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let key: Crypto.MLDSA65.PrivateKey

    /// From a seed of 32 bytes.
    package init(seed: SecretBytes) throws(CryptoError) {
      guard seed.count == seedSize else { throw .invalidKey("ML-DSA-65 seed of \(seed.count) bytes") }
      do {
        key = try seed.withBytes { bytes throws(any Error) in
          try unsafe Crypto.MLDSA65.PrivateKey(seedRepresentation: bytes, publicKey: nil)
        }
      } catch {
        throw .invalidKey("not an ML-DSA-65 seed")
      }
      publicKey = try PublicKey(Array(key.publicKey.rawRepresentation))
    }

    /// The signature, 3309 bytes; two of one message differ.
    package func sign(_ message: [UInt8], context: [UInt8]) throws(CryptoError) -> [UInt8] {
      do {
        return Array(try key.signature(for: message, context: context))
      } catch {
        throw .invalidInput("ML-DSA-65 could not sign")
      }
    }
  }
}
