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

  /// Several data units of `unit` bytes, one after another; the last may be shorter. `tweak` gives each its own by its index.
  package static func encrypt(
    _ bytes: [UInt8], units unit: Int, key: SecretBytes, tweak: (Int) -> [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try apply(.encrypt, bytes, units: unit, key, tweak)
  }

  /// The opposite.
  package static func decrypt(
    _ bytes: [UInt8], units unit: Int, key: SecretBytes, tweak: (Int) -> [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    try apply(.decrypt, bytes, units: unit, key, tweak)
  }

  /// The key is scheduled once, which takes longer than a page.
  private static func apply(
    _ direction: CipherContext.Direction, _ bytes: [UInt8], units unit: Int, _ key: SecretBytes,
    _ tweak: (Int) -> [UInt8]
  ) throws(CryptoError) -> [UInt8] {
    guard sizes.contains(unit), unit.isMultiple(of: 16), bytes.count.isMultiple(of: 16) else {
      throw .invalidInput("XTS data units of \(unit) bytes in \(bytes.count)")
    }
    guard !bytes.isEmpty else { return [] }
    let context = try CipherContext(.aes128XTS, direction, key: key, iv: tweak(0))
    return try array(bytes.count) { output throws(CryptoError) in
      try bytes.withBytes { input throws(CryptoError) in
        for (index, start) in stride(from: 0, to: input.count, by: unit).enumerated() {
          if index > 0 { try context.restart(iv: tweak(index)) }
          let range = start..<min(start + unit, input.count)
          try unsafe context.apply(
            to: UnsafeRawBufferPointer(rebasing: input[range]),
            into: UnsafeMutableRawBufferPointer(rebasing: output[range]))
        }
      }
    }
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
