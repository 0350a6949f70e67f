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
    try apply(plaintext, address) { pages, tweak throws(CryptoError) in
      try AES128XTS.encrypt(pages, units: Self.pageSize, key: key, tweak: tweak)
    }
  }

  /// `address` and the number of bytes must be multiples of `blockSize`.
  package func decrypt(_ ciphertext: [UInt8], at address: UInt64) throws(CryptoError) -> [UInt8] {
    try apply(ciphertext, address) { pages, tweak throws(CryptoError) in
      try AES128XTS.decrypt(pages, units: Self.pageSize, key: key, tweak: tweak)
    }
  }

  /// Blocks of a data unit do not depend on each other, so what begins inside a page is padded to its place in it.
  private func apply(
    _ bytes: [UInt8], _ address: UInt64,
    _ transform: (_ pages: [UInt8], _ tweak: (Int) -> [UInt8]) throws(CryptoError) -> [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    guard address.isMultiple(of: 16), bytes.count.isMultiple(of: 16) else {
      throw .invalidInput("memory range off its 16-byte blocks")
    }
    guard !bytes.isEmpty else { return [] }
    guard !address.addingReportingOverflow(UInt64(bytes.count - 1)).overflow else {
      throw .invalidInput("memory range past the end of the address space")
    }
    let inside = Int(address % UInt64(Self.pageSize))
    let first = address - UInt64(inside)
    let padded = inside == 0 ? bytes : [UInt8](repeating: 0, count: inside) + bytes
    let pages = try transform(padded) { Self.tweak(page: first + UInt64($0 * Self.pageSize)) }
    return inside == 0 ? pages : Array(pages[inside...])
  }

  private static func tweak(page: UInt64) -> [UInt8] {
    var tweak = [UInt8](repeating: 0, count: 16)
    for index in 0..<8 { tweak[index] = UInt8(truncatingIfNeeded: page >> UInt64(index * 8)) }
    return tweak
  }
}
