private import COpenSSL

/// Compares without telling by its duration where the bytes differ. Different lengths are unequal at once.
package func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  guard a.count == b.count else { return false }
  return unsafe CRYPTO_memcmp(a, b, a.count) == 0
}
