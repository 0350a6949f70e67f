package import CVMCrypto
package import enum CVMCrypto.CryptoError
private import Crypto

/// MLDSA65-Ed25519-SHA512 (draft-ietf-lamps-pq-composite-sigs): a signature that holds as long as one of the two does. Both parts
/// must verify.
///
/// | part       | seed           | public key        | signature          |
/// |------------|----------------|-------------------|--------------------|
/// | ML-DSA-65  | 0x00, 32 bytes | 0x000, 1952 bytes | 0x000, 3309 bytes  |
/// | Ed25519    | 0x20, 32 bytes | 0x7A0, 32 bytes   | 0xCED, 64 bytes    |
///
/// Both sign M' = "CompositeAlgorithmSignatures2025" ‖ label ‖ one byte, the context's length ‖ context ‖ SHA-512(message); ML-DSA
/// does so with the label as its own context.
package enum CompositeSignature {
  /// The algorithm's name, in files too.
  package static let name = "MLDSA65-Ed25519-SHA512"
  package static let seedSize = MLDSA65.seedSize + Ed25519.keySize
  package static let publicKeySize = MLDSA65.publicKeySize + Ed25519.keySize
  package static let signatureSize = MLDSA65.signatureSize + Ed25519.signatureSize

  private static let prefix = Array("CompositeAlgorithmSignatures2025".utf8)
  private static let label = Array("COMPSIG-MLDSA65-Ed25519-SHA512".utf8)

  /// What the two parts sign. `context`: at most 255 bytes.
  package static func representative(_ message: [UInt8], context: [UInt8]) throws(CryptoError) -> [UInt8] {
    guard let length = UInt8(exactly: context.count) else {
      throw .invalidInput("a signature's context of \(context.count) bytes")
    }
    return prefix + label + [length] + context + Array(SHA512.hash(data: message))
  }

  package struct PublicKey: Equatable, Sendable {
    package let bytes: [UInt8]
    private let postQuantum: MLDSA65.PublicKey
    private let classical: Ed25519.PublicKey

    /// From 1984 bytes.
    package init(_ bytes: [UInt8]) throws(CryptoError) {
      guard bytes.count == publicKeySize else {
        throw .invalidKey("\(name) public key of \(bytes.count) bytes, not \(publicKeySize)")
      }
      postQuantum = try MLDSA65.PublicKey(Array(bytes.prefix(MLDSA65.publicKeySize)))
      classical = try Ed25519.PublicKey(Array(bytes.suffix(Ed25519.keySize)))
      self.bytes = bytes
    }

    /// Whether both parts of the signature are this key's, over the message in this context.
    package func verify(
      _ signature: [UInt8], of message: [UInt8], context: [UInt8]
    ) throws(CryptoError) -> Bool {
      guard signature.count == signatureSize else { return false }
      let signed = try representative(message, context: context)
      guard try classical.verify(Array(signature.suffix(Ed25519.signatureSize)), of: signed) else {
        return false
      }
      return postQuantum.verify(
        Array(signature.prefix(MLDSA65.signatureSize)), of: signed, context: label)
    }
  }

  package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let postQuantum: MLDSA65.PrivateKey
    private let classical: Ed25519.PrivateKey

    /// From a seed of 64 bytes: ML-DSA's, then Ed25519's.
    package init(seed: SecretBytes) throws(CryptoError) {
      guard seed.count == seedSize, let first = seed.slice(0..<MLDSA65.seedSize),
        let second = seed.slice(MLDSA65.seedSize..<seedSize)
      else { throw .invalidKey("\(name) seed of \(seed.count) bytes, not \(seedSize)") }
      postQuantum = try MLDSA65.PrivateKey(seed: first)
      classical = try Ed25519.PrivateKey(seed: second)
      publicKey = try PublicKey(postQuantum.publicKey.bytes + classical.publicKey.bytes)
    }

    /// The signature, 3373 bytes.
    package func sign(_ message: [UInt8], context: [UInt8]) throws(CryptoError) -> [UInt8] {
      let signed = try representative(message, context: context)
      return try postQuantum.sign(signed, context: label) + classical.sign(signed)
    }
  }
}
