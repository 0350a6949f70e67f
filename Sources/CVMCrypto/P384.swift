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
      let point = Self.point(x, y)
      guard let key = unsafe cvm_p384_key(point, point.count, nil, 0) else {
        ERR_clear_error()
        throw .invalidKey("the point is not on P-384")
      }
      handle = unsafe KeyHandle(owning: key)
      self.x = x
      self.y = y
    }

    /// Uncompressed, SEC 1 section 2.3.3.
    package var point: [UInt8] { Self.point(x, y) }

    private static func point(_ x: [UInt8], _ y: [UInt8]) -> [UInt8] { [4] + x + y }

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
      try P384.requireInRange(scalar)
      let point = try multiplyGenerator(scalar)
      publicKey = try PublicKey(x: Array(point[1...size]), y: Array(point[(size + 1)...]))
      handle = try Self.handle(scalar, point)
    }

    /// From both halves of a pair that was made here and kept together: saves half of the arithmetic of an ECDH.
    /// The scalar's range is checked; that the halves belong together is not.
    package init(scalar: SecretBytes, publicKey: PublicKey) throws(CryptoError) {
      try P384.requireInRange(scalar)
      self.publicKey = publicKey
      handle = try Self.handle(scalar, publicKey.point)
    }

    private static func handle(_ scalar: SecretBytes, _ point: [UInt8]) throws(CryptoError) -> KeyHandle {
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
      return unsafe KeyHandle(owning: key)
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
      // Not validated a second time: every `PublicKey` is a point of the curve other than infinity, and on a curve
      // of prime order that is all there is to check (SP 800-56A, section 5.6.2.3.3).
      guard
        unsafe EVP_PKEY_derive_init(context) == 1,
        unsafe EVP_PKEY_derive_set_peer_ex(context, peer.handle.pointer, 0) == 1
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

  /// Throws `.invalidKey` unless 48 bytes with 0 < scalar < n. In constant time but for the verdict.
  private static func requireInRange(_ scalar: SecretBytes) throws(CryptoError) {
    guard scalar.count == size else { throw .invalidKey("P-384 scalar of \(scalar.count) bytes") }
    let (isZero, isBelow) = scalar.withBytes { bytes in
      var (any, borrow) = (0, 0)
      for index in stride(from: size - 1, through: 0, by: -1) {
        any |= unsafe Int(bytes[index])
        borrow = unsafe (Int(bytes[index]) - Int(order[index]) - borrow) >> 8 & 1
      }
      return (any == 0, borrow == 1)
    }
    guard !isZero, isBelow else { throw .invalidKey("the P-384 scalar is out of range") }
  }

  /// scalar × G as an uncompressed point, for a scalar in range.
  private static func multiplyGenerator(_ scalar: SecretBytes) throws(CryptoError) -> [UInt8] {
    guard let group = unsafe EC_GROUP_new_by_curve_name(NID_secp384r1) else { throw .drain("EC_GROUP_new") }
    defer { unsafe EC_GROUP_free(group) }
    let number = scalar.withBytes { bytes in
      unsafe BN_bin2bn(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(size), nil)
    }
    guard let number = unsafe number else { throw .drain("BN_bin2bn") }
    defer { unsafe BN_clear_free(number) }
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
