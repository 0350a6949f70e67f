internal import Bytes
package import CVMCrypto

/// The keys that wrap the transport keys, derived on both sides from the ECDH secret. Source: AMD 55766,
/// "Launch session".
///
/// KDF(K, label, context) = HMAC-SHA-256(K, 1 (u32) ‖ label ‖ 00 ‖ context ‖ 128 (u32, in bits)), first
/// 16 bytes: NIST SP 800-108 in counter mode, integers little-endian, the label without a NUL of its own.
package struct SessionKeys: Sendable {
  package let kek: SecretBytes
  package let kik: SecretBytes

  /// `z` is the x coordinate of the common point, 48 bytes big-endian; `nonce` the launch blob's.
  package init(z: SecretBytes, nonce: [UInt8]) throws(CryptoError) {
    let master = try Self.derive(z, "sev-master-secret", nonce)
    kek = try Self.derive(master, "sev-kek", [])
    kik = try Self.derive(master, "sev-kik", [])
  }

  static func derive(_ key: SecretBytes, _ label: String, _ context: [UInt8]) throws(CryptoError)
    -> SecretBytes
  {
    let counter = UInt32(1).littleEndianBytes
    let bits = UInt32(8 * TransportKeys.keySize).littleEndianBytes
    return try HMACSHA256.derive(
      key: key, [counter, Array(label.utf8), [0], context, bits], count: TransportKeys.keySize)
  }
}
