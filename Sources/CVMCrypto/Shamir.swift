/// Shamir's secret sharing, byte by byte over GF(256) with the polynomial 0x11B, as HashiCorp Vault lays shares out: the y of
/// each byte, then x. It has no integrity of its own: share a key that opens something authenticated. The time of its
/// arithmetic does not depend on secret values.
package enum Shamir {
  /// Shares of a set, and how many may be needed.
  package static let counts = 2...255

  /// `shares` shares, of which any `threshold` give the secret and fewer give nothing.
  package static func split(
    _ secret: SecretBytes, threshold: Int, shares: Int
  ) throws(CryptoError) -> [SecretBytes] {
    guard counts.contains(threshold), counts.contains(shares), threshold <= shares, secret.count > 0 else {
      throw .invalidInput("\(threshold) of \(shares) shares")
    }
    // The coefficients of x¹, x², … of all bytes' polynomials; x⁰ is the secret.
    let coefficients = [secret] + [try SecretBytes.random(secret.count * (threshold - 1))]
    return (1...shares).map { x in
      SecretBytes.filled(secret.count + 1) { share in
        coefficients[0].withBytes { constant in
          coefficients[1].withBytes { higher in
            for place in 0..<secret.count {
              var y: UInt8 = 0
              for degree in stride(from: threshold - 2, through: 0, by: -1) {
                y = unsafe multiply(y, UInt8(x)) ^ higher[degree * secret.count + place]
              }
              unsafe share[place] = multiply(y, UInt8(x)) ^ constant[place]
            }
          }
        }
        unsafe share[secret.count] = UInt8(x)
      }
    }
  }

  /// The secret of as many shares as its threshold was; of fewer, or of others, some other bytes.
  package static func combine(_ shares: [SecretBytes]) throws(CryptoError) -> SecretBytes {
    let points = shares.map(x)
    guard counts.contains(shares.count), let length = shares.first?.count, length > 1,
      shares.allSatisfy({ $0.count == length }), !points.contains(0), Set(points).count == points.count
    else { throw .invalidInput("shares that do not go together") }
    let weights = points.map { weight(of: $0, among: points) }
    return SecretBytes.filled(length - 1) { secret in
      for (share, weight) in zip(shares, weights) {
        share.withBytes { bytes in
          for place in 0..<(length - 1) { unsafe secret[place] ^= multiply(bytes[place], weight) }
        }
      }
    }
  }

  /// The x of a share, which is no secret.
  package static func x(of share: SecretBytes) -> UInt8 {
    share.withBytes { unsafe $0.last ?? 0 }
  }

  /// Lagrange's coefficient at 0.
  private static func weight(of point: UInt8, among points: [UInt8]) -> UInt8 {
    points.filter { $0 != point }.reduce(1) { product, other in
      multiply(product, multiply(other, inverse(other ^ point)))
    }
  }

  /// a²⁵⁴.
  private static func inverse(_ a: UInt8) -> UInt8 {
    var (result, square): (UInt8, UInt8) = (1, a)
    for _ in 0..<7 {
      square = multiply(square, square)
      result = multiply(result, square)
    }
    return result
  }

  /// The product in the field; no branch and no table.
  static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var (a, b, product): (UInt8, UInt8, UInt8) = (a, b, 0)
    for _ in 0..<8 {
      product ^= a & (0 &- (b & 1))
      a = (a << 1) ^ (0x1B & (0 &- (a >> 7)))
      b >>= 1
    }
    return product
  }
}
