/// AES-128 in counter mode, the whole initialisation vector being a 128-bit big-endian counter. No
/// authentication: the formats that use it carry a MAC of their own.
package enum AES128CTR {
  /// Bytes of a key, and of an initialisation vector.
  package static let keySize = 16

  /// Encrypts or decrypts public bytes.
  package static func apply(
    key: SecretBytes, iv: [UInt8], to bytes: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    let context = try CipherContext(.aes128CTR, .encrypt, key: key, iv: iv)
    return try array(bytes.count) { output throws(CryptoError) in
      try bytes.withBytes { input throws(CryptoError) in try unsafe context.apply(to: input, into: output) }
    }
  }

  /// Encrypts a secret.
  package static func apply(
    key: SecretBytes, iv: [UInt8], toSecret secret: SecretBytes
  ) throws(CryptoError) -> [UInt8] {
    let context = try CipherContext(.aes128CTR, .encrypt, key: key, iv: iv)
    return try array(secret.count) { output throws(CryptoError) in
      try secret.withBytes { input throws(CryptoError) in try unsafe context.apply(to: input, into: output) }
    }
  }

  /// Decrypts to a secret.
  package static func open(
    key: SecretBytes, iv: [UInt8], from bytes: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    let context = try CipherContext(.aes128CTR, .encrypt, key: key, iv: iv)
    return try SecretBytes.filled(bytes.count) { output throws(CryptoError) in
      try bytes.withBytes { input throws(CryptoError) in try unsafe context.apply(to: input, into: output) }
    }
  }
}
