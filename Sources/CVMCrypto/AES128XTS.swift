/// AES-128 in XTS mode (IEEE 1619): one data unit a call, its length kept.
package enum AES128XTS {
  /// Bytes of a key: two AES-128 keys, which must differ.
  package static let keySize = 32
  /// A data unit is a multiple of 16 bytes, from 16 bytes to 16 MiB.
  package static let sizes = 16...(16 << 20)

  package static func encrypt(
    _ bytes: [UInt8], key: SecretBytes, tweak: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try apply(.encrypt, bytes, key, tweak)
  }

  package static func decrypt(
    _ bytes: [UInt8], key: SecretBytes, tweak: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try apply(.decrypt, bytes, key, tweak)
  }

  private static func apply(
    _ direction: CipherContext.Direction, _ bytes: [UInt8], _ key: SecretBytes, _ tweak: [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    guard sizes.contains(bytes.count), bytes.count.isMultiple(of: 16) else {
      throw .invalidInput("XTS data unit of \(bytes.count) bytes")
    }
    let context = try CipherContext(.aes128XTS, direction, key: key, iv: tweak)
    return try array(bytes.count) { output throws(CryptoError) in
      try bytes.withBytes { input throws(CryptoError) in try unsafe context.apply(to: input, into: output) }
    }
  }
}
