private import COpenSSL

/// RSASSA-PSS (RFC 8017) as AMD uses it: MGF1 with the message's hash, salt as long as the hash.
package enum RSAPSS {
  /// Bits of a modulus that are accepted.
  package static let modulusBits = 2048...8192

  package struct PublicKey: Equatable, Sendable {
    /// Big-endian, without leading zero bytes.
    package let modulus: [UInt8]
    package let exponent: [UInt8]
    private let handle: KeyHandle

    /// Big-endian numbers; leading zero bytes are dropped. Throws `.invalidKey` unless the modulus is odd
    /// and of a size in `modulusBits`, and the exponent odd, at least 3 and at most 64 bits.
    package init(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
      let modulus = Array(modulus.drop { $0 == 0 })
      let exponent = Array(exponent.drop { $0 == 0 })
      guard let high = modulus.first, let low = modulus.last, low & 1 == 1,
        modulusBits.contains(modulus.count * 8 - high.leadingZeroBitCount)
      else { throw .invalidKey("RSA modulus") }
      guard let last = exponent.last, last & 1 == 1, exponent != [1], exponent.count <= 8 else {
        throw .invalidKey("RSA exponent")
      }
      var native = (Array(modulus.reversed()), Array(exponent.reversed()))
      guard let key = unsafe cvm_rsa_public_key(&native.0, modulus.count, &native.1, exponent.count) else {
        ERR_clear_error()
        throw .invalidKey("RSA public key")
      }
      handle = unsafe KeyHandle(owning: key)
      self.modulus = modulus
      self.exponent = exponent
    }

    /// Whether `signature`, big-endian and exactly as long as the modulus, is this key's over the message.
    package func verify(
      _ signature: [UInt8], of message: [UInt8], hash: HashAlgorithm
    ) throws(CryptoError) -> Bool {
      guard signature.count == modulus.count else { return false }
      return try handle.verify(signature, message, hash, .pss)
    }

    package static func == (a: PublicKey, b: PublicKey) -> Bool {
      a.modulus == b.modulus && a.exponent == b.exponent
    }
  }

  package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let handle: KeyHandle

    /// A fresh key with the exponent 65537. A 4096-bit key takes seconds.
    package convenience init(bits: Int) throws(CryptoError) {
      guard modulusBits.contains(bits) else { throw .invalidKey("RSA modulus of \(bits) bits") }
      guard let key = unsafe cvm_rsa_generate(bits) else { throw .drain("EVP_RSA_gen") }
      try unsafe self.init(KeyHandle(owning: key))
    }

    /// From what `serialized()` gave.
    package convenience init(serialized bytes: SecretBytes) throws(CryptoError) {
      let info = bytes.withBytes { buffer in
        var next = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &next, buffer.count)
      }
      guard let info = unsafe info else {
        ERR_clear_error()
        throw .invalidKey("PKCS #8")
      }
      defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
      guard let key = unsafe EVP_PKCS82PKEY(info) else {
        ERR_clear_error()
        throw .invalidKey("PKCS #8")
      }
      let handle = unsafe KeyHandle(owning: key)
      guard unsafe cvm_is_rsa(key) == 1 else { throw .invalidKey("not an RSA key") }
      try self.init(handle)
    }

    private init(_ handle: KeyHandle) throws(CryptoError) {
      self.handle = handle
      let size = Int(unsafe EVP_PKEY_get_size(handle.pointer))
      publicKey = try PublicKey(
        modulus: handle.publicInteger("n", count: size), exponent: handle.publicInteger("e", count: 8))
    }

    /// The signature, big-endian, as long as the modulus.
    package func sign(_ message: [UInt8], hash: HashAlgorithm) throws(CryptoError) -> [UInt8] {
      try handle.sign(message, hash, .pss)
    }

    /// PKCS #8 (RFC 5208), DER.
    package func serialized() throws(CryptoError) -> SecretBytes {
      guard let info = unsafe EVP_PKEY2PKCS8(handle.pointer) else { throw .drain("EVP_PKEY2PKCS8") }
      defer { unsafe PKCS8_PRIV_KEY_INFO_free(info) }
      let size = unsafe i2d_PKCS8_PRIV_KEY_INFO(info, nil)
      guard size > 0 else { throw .drain("i2d_PKCS8_PRIV_KEY_INFO") }
      return try SecretBytes.filled(Int(size)) { target throws(CryptoError) in
        var start = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard unsafe i2d_PKCS8_PRIV_KEY_INFO(info, &start) == size else {
          throw .drain("i2d_PKCS8_PRIV_KEY_INFO")
        }
      }
    }
  }
}
