private import COpenSSL

/// libcrypto's random generators, seeded by the kernel.
package enum Random {
  /// Bytes that may become public: nonces, initialisation vectors. Secrets come from `SecretBytes.random`.
  package static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
    guard let length = Int32(exactly: count), length >= 0 else {
      throw .invalidInput("\(count) random bytes")
    }
    var bytes = [UInt8](repeating: 0, count: count)
    guard unsafe RAND_bytes(&bytes, length) == 1 else {
      ERR_clear_error()
      throw .randomUnavailable
    }
    return bytes
  }

  /// From the generator that libcrypto keeps apart for secrets.
  static func fillPrivate(_ target: UnsafeMutableRawBufferPointer) throws(CryptoError) {
    guard let length = Int32(exactly: target.count) else { throw .invalidInput("too many random bytes") }
    guard length > 0 else { return }
    guard unsafe RAND_priv_bytes(target.baseAddress?.assumingMemoryBound(to: UInt8.self), length) == 1 else {
      ERR_clear_error()
      throw .randomUnavailable
    }
  }
}
