private import COpenSSL

/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
  /// Bytes of a tag.
  package static let size = 32

  /// The tag over all parts, one after another.
  package static func authenticate(
    key: SecretBytes, _ parts: [[UInt8]]
  ) throws(CryptoError) -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: size)
    try unsafe compute(key, parts, into: &tag)
    return tag
  }

  /// The first `count` bytes (at most 32) of the tag as a secret: the building block of key derivation.
  package static func derive(
    key: SecretBytes, _ parts: [[UInt8]], count: Int
  ) throws(CryptoError) -> SecretBytes {
    guard (0...size).contains(count) else { throw .invalidInput("\(count) bytes of an HMAC-SHA256") }
    let whole = try SecretBytes.filled(size) { target throws(CryptoError) in
      try unsafe compute(key, parts, into: target.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    guard let part = whole.slice(0..<count) else { throw .invalidInput("derived key length") }
    return part
  }

  private static func compute(
    _ key: SecretBytes, _ parts: [[UInt8]], into tag: UnsafeMutablePointer<UInt8>?
  ) throws(CryptoError) {
    guard let context = unsafe EVP_MAC_CTX_new(try FetchedMAC.hmac.get()) else {
      throw .drain("EVP_MAC_CTX_new")
    }
    defer { unsafe EVP_MAC_CTX_free(context) }
    let started = key.withBytes { unsafe cvm_hmac_sha256_init(context, $0.baseAddress, $0.count) }
    guard started == 1 else { throw .drain("EVP_MAC_init") }
    for part in parts {
      guard unsafe EVP_MAC_update(context, part, part.count) == 1 else { throw .drain("EVP_MAC_update") }
    }
    var written = 0
    guard unsafe EVP_MAC_final(context, tag, &written, size) == 1, written == size else {
      throw .drain("EVP_MAC_final")
    }
  }
}

/// libcrypto's HMAC, looked up once.
@safe private final class FetchedMAC: @unchecked Sendable {
  static let hmac = FetchedMAC()
  private let pointer: OpaquePointer?  // EVP_MAC, lives as long as the process

  private init() { unsafe pointer = EVP_MAC_fetch(nil, "HMAC", nil) }

  func get() throws(CryptoError) -> OpaquePointer {
    guard let pointer = unsafe pointer else { throw .drain("EVP_MAC_fetch") }
    return unsafe pointer
  }
}
