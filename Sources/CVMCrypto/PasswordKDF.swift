private import COpenSSL

/// How a key is made of a passphrase, at a cost.
package enum PasswordKDF: Equatable, Sendable {
  /// RFC 8018 with HMAC-SHA-256.
  case pbkdf2(iterations: UInt32)
  /// RFC 7914: about 128·n·r bytes of memory and n·p steps.
  case scrypt(n: UInt32, r: UInt32, p: UInt32)

  /// 32 bytes of key.
  package func key(of passphrase: SecretBytes, salt: [UInt8]) throws(CryptoError) -> SecretBytes {
    try SecretBytes.filled(AES256GCM.keySize) { target throws(CryptoError) in
      let key = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      let done = passphrase.withBytes { bytes in
        switch self {
        case .pbkdf2(let iterations):
          unsafe cvm_pbkdf2(
            bytes.baseAddress, bytes.count, salt, salt.count, iterations, key, target.count)
        case .scrypt(let n, let r, let p):
          unsafe cvm_scrypt(
            bytes.baseAddress, bytes.count, salt, salt.count, UInt64(n), r, p, Self.memory(n, r, p), key,
            target.count)
        }
      }
      guard done == 1 else { throw .drain("EVP_KDF_derive") }
    }
  }

  /// What scrypt may take: its working memory and a little more.
  private static func memory(_ n: UInt32, _ r: UInt32, _ p: UInt32) -> UInt64 {
    128 * (UInt64(r) * (UInt64(n) + UInt64(p) + 2)) + 65_536
  }
}
