private import COpenSSL

/// An ECDSA signature on P-384: r and s, 48 bytes big-endian each. The range 0 < r, s < n is checked by
/// verification.
package struct ECDSASignature: Equatable, Sendable {
  package static let numberSize = 48

  package let r: [UInt8]
  package let s: [UInt8]

  /// Throws `.invalidInput` unless both numbers have 48 bytes.
  package init(r: [UInt8], s: [UInt8]) throws(CryptoError) {
    guard r.count == Self.numberSize, s.count == Self.numberSize else {
      throw .invalidInput("ECDSA numbers of \(r.count) and \(s.count) bytes")
    }
    self.r = r
    self.s = s
  }

  /// Whether 0 < r, s < n, n being the order of P-384 (SEC 2, section 2.5.1).
  package var isInRange: Bool {
    [r, s].allSatisfy { number in
      number.contains { $0 != 0 } && number.lexicographicallyPrecedes(P384.order)
    }
  }

  /// From the DER form (RFC 3279) that libcrypto makes.
  init(der: [UInt8]) throws(CryptoError) {
    let parsed = unsafe der.withUnsafeBufferPointer { buffer in
      var start = buffer.baseAddress
      return unsafe d2i_ECDSA_SIG(nil, &start, buffer.count)
    }
    guard let parsed = unsafe parsed else { throw .drain("d2i_ECDSA_SIG") }
    defer { unsafe ECDSA_SIG_free(parsed) }
    r = try unsafe Self.bytes(of: ECDSA_SIG_get0_r(parsed))
    s = try unsafe Self.bytes(of: ECDSA_SIG_get0_s(parsed))
  }

  func der() throws(CryptoError) -> [UInt8] {
    guard let signature = unsafe ECDSA_SIG_new() else { throw .drain("ECDSA_SIG_new") }
    defer { unsafe ECDSA_SIG_free(signature) }
    let size = Int32(Self.numberSize)
    guard let first = unsafe BN_bin2bn(r, size, nil) else { throw .drain("BN_bin2bn") }
    guard let second = unsafe BN_bin2bn(s, size, nil) else {
      unsafe BN_free(first)
      throw .drain("BN_bin2bn")
    }
    guard unsafe ECDSA_SIG_set0(signature, first, second) == 1 else { throw .drain("ECDSA_SIG_set0") }
    var bytes = [UInt8](repeating: 0, count: Int(unsafe i2d_ECDSA_SIG(signature, nil)))
    let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var start = buffer.baseAddress
      return unsafe i2d_ECDSA_SIG(signature, &start)
    }
    guard written == Int32(bytes.count) else { throw .drain("i2d_ECDSA_SIG") }
    return bytes
  }

  private static func bytes(of number: OpaquePointer?) throws(CryptoError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: numberSize)
    guard unsafe BN_bn2binpad(number, &bytes, Int32(numberSize)) == Int32(numberSize) else {
      throw .drain("BN_bn2binpad")
    }
    return bytes
  }
}
