private import COpenSSL

/// The curve P-384 (secp384r1, FIPS 186-4): ECDSA and ECDH.
package enum P384 {
  /// Bytes of a coordinate and of a scalar.
  package static let size = 48

  /// n, the number of points, big-endian.
  static let order: [UInt8] =
    [UInt8](repeating: 0xFF, count: 24) + [
      0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A,
      0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
    ]

  /// A point of the curve, other than the point at infinity.
  package struct PublicKey: Equatable, Sendable {
    /// The coordinates, 48 bytes big-endian each.
    package let x: [UInt8]
    package let y: [UInt8]
    let handle: KeyHandle

    /// Throws `.invalidKey` unless (x, y) is on the curve.
    package init(x: [UInt8], y: [UInt8]) throws(CryptoError) {
      guard x.count == size, y.count == size else {
        throw .invalidKey("P-384 coordinates of \(x.count) and \(y.count) bytes")
      }
      let point = [4] + x + y  // uncompressed, SEC 1 section 2.3.3
      guard let key = unsafe cvm_p384_key(point, point.count, nil, 0) else {
        ERR_clear_error()
        throw .invalidKey("the point is not on P-384")
      }
      handle = unsafe KeyHandle(owning: key)
      self.x = x
      self.y = y
    }

    /// Whether the signature is this key's over the message. False for r or s out of range.
    package func verify(
      _ signature: ECDSASignature, of message: [UInt8], hash: HashAlgorithm
    ) throws(CryptoError) -> Bool {
      try handle.verify(signature.der(), message, hash, .none)
    }

    package static func == (a: PublicKey, b: PublicKey) -> Bool { a.x == b.x && a.y == b.y }
  }

  /// A private key. Its scalar lives inside libcrypto, which wipes it when it frees the key.
  package final class PrivateKey: Sendable {
    package let publicKey: PublicKey
    private let handle: KeyHandle

    /// A fresh key.
    package init() throws(CryptoError) {
      guard let key = unsafe cvm_p384_generate() else { throw .drain("EVP_EC_gen") }
      handle = unsafe KeyHandle(owning: key)
      publicKey = try PublicKey(
        x: handle.publicInteger("qx", count: size), y: handle.publicInteger("qy", count: size))
    }

    /// From a scalar of 48 bytes big-endian. Throws `.invalidKey` unless 0 < scalar < n.
    package init(scalar: SecretBytes) throws(CryptoError) {
      guard scalar.count == size else { throw .invalidKey("P-384 scalar of \(scalar.count) bytes") }
      let point = try multiplyGenerator(scalar)
      publicKey = try PublicKey(x: Array(point[1...size]), y: Array(point[(size + 1)...]))
      let native = SecretBytes.filled(size) { target in
        scalar.withBytes { source in
          for index in 0..<size { unsafe target[index] = source[size - 1 - index] }
        }
      }
      let key = native.withBytes { bytes in
        let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return unsafe cvm_p384_key(
          point, point.count, start?.assumingMemoryBound(to: UInt8.self), size)
      }
      guard let key = unsafe key else { throw .drain("EVP_PKEY_fromdata") }
      handle = unsafe KeyHandle(owning: key)
    }

    /// The scalar, 48 bytes big-endian.
    package func scalar() throws(CryptoError) -> SecretBytes { try handle.integer("priv", count: size) }

    package func sign(_ message: [UInt8], hash: HashAlgorithm) throws(CryptoError) -> ECDSASignature {
      try ECDSASignature(der: handle.sign(message, hash, .none))
    }

    /// The x coordinate of the common point (ECDH), 48 bytes big-endian.
    package func sharedX(with peer: PublicKey) throws(CryptoError) -> SecretBytes {
      guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else {
        throw .drain("EVP_PKEY_CTX_new")
      }
      defer { unsafe EVP_PKEY_CTX_free(context) }
      guard
        unsafe EVP_PKEY_derive_init(context) == 1,
        unsafe EVP_PKEY_derive_set_peer(context, peer.handle.pointer) == 1
      else { throw .drain("EVP_PKEY_derive_set_peer") }
      return try SecretBytes.filled(size) { target throws(CryptoError) in
        var written = size
        let start = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard unsafe EVP_PKEY_derive(context, start, &written) == 1, written == size else {
          throw .drain("EVP_PKEY_derive")
        }
      }
    }
  }

  /// scalar × G as an uncompressed point; throws `.invalidKey` for a scalar out of range.
  private static func multiplyGenerator(_ scalar: SecretBytes) throws(CryptoError) -> [UInt8] {
    guard let group = unsafe EC_GROUP_new_by_curve_name(NID_secp384r1) else { throw .drain("EC_GROUP_new") }
    defer { unsafe EC_GROUP_free(group) }
    let number = scalar.withBytes { bytes in
      unsafe BN_bin2bn(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(size), nil)
    }
    guard let number = unsafe number else { throw .drain("BN_bin2bn") }
    defer { unsafe BN_clear_free(number) }
    guard unsafe BN_is_zero(number) == 0, unsafe BN_cmp(number, EC_GROUP_get0_order(group)) < 0 else {
      throw .invalidKey("the P-384 scalar is out of range")
    }
    guard let point = unsafe EC_POINT_new(group) else { throw .drain("EC_POINT_new") }
    defer { unsafe EC_POINT_free(point) }
    guard unsafe EC_POINT_mul(group, point, number, nil, nil, nil) == 1 else { throw .drain("EC_POINT_mul") }
    var bytes = [UInt8](repeating: 0, count: 1 + 2 * size)
    let form = POINT_CONVERSION_UNCOMPRESSED
    guard unsafe EC_POINT_point2oct(group, point, form, &bytes, bytes.count, nil) == bytes.count else {
      throw .drain("EC_POINT_point2oct")
    }
    return bytes
  }
}
