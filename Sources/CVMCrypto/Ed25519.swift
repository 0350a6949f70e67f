private import COpenSSL

/// Ed25519 (RFC 8032, section 5.1): signatures of a message as it is.
package enum Ed25519 {
  /// Bytes of a seed and of a public key.
  package static let keySize = 32
  package static let signatureSize = 64

  package struct PublicKey: Equatable, Sendable {
    /// 32 bytes, as RFC 8032 encodes a point.
    package let bytes: [UInt8]
    private let handle: KeyHandle

    /// Throws `.invalidKey` unless there are 32 bytes. Bytes that encode no point verify nothing.
    package init(_ bytes: [UInt8]) throws(CryptoError) {
      guard bytes.count == keySize else { throw .invalidKey("Ed25519 public key of \(bytes.count) bytes") }
      guard let key = unsafe cvm_ed25519_public(bytes) else { throw .drain("EVP_PKEY_new_raw_public_key") }
      handle = unsafe KeyHandle(owning: key)
      self.bytes = bytes
    }

    /// Whether `signature` is this key's over the message.
    package func verify(_ signature: [UInt8], of message: [UInt8]) throws(CryptoError) -> Bool {
      guard signature.count == signatureSize else { return false }
      return try handle.verify(signature, message, nil, .none)
    }

    package static func == (a: PublicKey, b: PublicKey) -> Bool { a.bytes == b.bytes }
  }

  /// A private key. Its seed lives inside libcrypto, which wipes it when it frees the key.
  package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let handle: KeyHandle

    /// From a seed of 32 bytes.
    package init(seed: SecretBytes) throws(CryptoError) {
      guard seed.count == keySize else { throw .invalidKey("Ed25519 seed of \(seed.count) bytes") }
      let key = seed.withBytes { bytes in
        unsafe cvm_ed25519_private(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
      }
      guard let key = unsafe key else { throw .drain("EVP_PKEY_new_raw_private_key") }
      handle = unsafe KeyHandle(owning: key)
      var (bytes, size) = ([UInt8](repeating: 0, count: keySize), keySize)
      guard unsafe EVP_PKEY_get_raw_public_key(handle.pointer, &bytes, &size) == 1, size == keySize else {
        throw .drain("EVP_PKEY_get_raw_public_key")
      }
      publicKey = try PublicKey(bytes)
    }

    /// The signature, 64 bytes.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
      try handle.sign(message, nil, .none)
    }
  }
}
