package import CVMCrypto

/// The memory controller's encryption with one guest's key (VEK), simulated: AES-128-XTS, one data unit a 4
/// KiB page, the tweak its physical address. Real parts use a tweak that nobody outside can observe; what
/// holds for both: equal plaintext at two addresses or under two keys gives unequal ciphertext, nothing is
/// authenticated, ciphertext that returns to its own address decrypts, and ciphertext that is moved or
/// changed gives garbage, 16 bytes at a time.
package struct MemoryCipher {
  package static let pageSize = 4096
  /// The granule of encryption: addresses and counts are multiples of it.
  package static let blockSize = 16

  private let key: SecretBytes

  /// `key`: 32 bytes.
  package init(key: SecretBytes) { self.key = key }

  /// `address` and the number of bytes must be multiples of `blockSize`.
  package func encrypt(_ plaintext: [UInt8], at address: UInt64) throws(CryptoError) -> [UInt8] {
    try apply(plaintext, address) { page, tweak throws(CryptoError) in
      try AES128XTS.encrypt(page, key: key, tweak: tweak)
    }
  }

  /// `address` and the number of bytes must be multiples of `blockSize`.
  package func decrypt(_ ciphertext: [UInt8], at address: UInt64) throws(CryptoError) -> [UInt8] {
    try apply(ciphertext, address) { page, tweak throws(CryptoError) in
      try AES128XTS.decrypt(page, key: key, tweak: tweak)
    }
  }

  /// Page by page. Blocks of a data unit do not depend on each other, so a part of a page is padded to its
  /// place in the page.
  private func apply(
    _ bytes: [UInt8], _ address: UInt64,
    _ transform: (_ page: [UInt8], _ tweak: [UInt8]) throws(CryptoError) -> [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    guard address.isMultiple(of: 16), bytes.count.isMultiple(of: 16) else {
      throw .invalidInput("memory range off its 16-byte blocks")
    }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var done = 0
    while done < bytes.count {
      let (next, overflow) = address.addingReportingOverflow(UInt64(done))
      guard !overflow else { throw .invalidInput("memory range past the end of the address space") }
      let inside = Int(next % UInt64(Self.pageSize))
      let piece = min(Self.pageSize - inside, bytes.count - done)
      let padded = [UInt8](repeating: 0, count: inside) + bytes[done..<(done + piece)]
      result += try transform(padded, Self.tweak(page: next - UInt64(inside)))[inside...]
      done += piece
    }
    return result
  }

  private static func tweak(page: UInt64) -> [UInt8] {
    (0..<16).map { $0 < 8 ? UInt8(truncatingIfNeeded: page >> UInt64($0 * 8)) : 0 }
  }
}
