import CVMCrypto
import Testing

@Suite struct CipherTests {
  // NIST SP 800-38A, F.5.1, first block.
  @Test func `AES-128-CTR gives NIST's ciphertext and opens it again`() throws {
    let key = secret("2b7e151628aed2a6abf7158809cf4f3c")
    let iv = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    let plain = hex("6bc1bee22e409f96e93d7e117393172a")
    let sealed = hex("874d6191b620e3261bef6864990db6ce")
    #expect(try AES128CTR.apply(key: key, iv: iv, to: plain) == sealed)
    #expect(try AES128CTR.apply(key: key, iv: iv, toSecret: SecretBytes(copying: plain)) == sealed)
    #expect(try AES128CTR.open(key: key, iv: iv, from: sealed).revealed == plain)
    #expect(try AES128CTR.apply(key: key, iv: iv, to: []).isEmpty)
  }

  @Test func `the counter carries through all 128 bits`() throws {
    let key = secret("2b7e151628aed2a6abf7158809cf4f3c")
    let zeros = [UInt8](repeating: 0, count: 32)
    let wrapping = try AES128CTR.apply(key: key, iv: [UInt8](repeating: 0xFF, count: 16), to: zeros)
    let restarted = try AES128CTR.apply(key: key, iv: [UInt8](repeating: 0, count: 16), to: zeros)
    #expect(wrapping[16...] == restarted[..<16])
  }

  @Test(arguments: [(15, 16), (17, 16), (16, 15), (16, 17), (0, 16)])
  func `a key or vector of another length is refused`(_ sizes: (Int, Int)) {
    #expect(throws: CryptoError.self) {
      try AES128CTR.apply(
        key: SecretBytes(count: sizes.0), iv: [UInt8](repeating: 0, count: sizes.1), to: [1])
    }
  }

  // The GCM specification (McGrew, Viega), test case 14.
  @Test func `AES-256-GCM gives the specification's ciphertext and tag`() throws {
    let zero = [UInt8](repeating: 0, count: 12)
    let sealed = try AES256GCM.seal(
      SecretBytes(count: 16), key: SecretBytes(count: 32), nonce: zero, associatedData: [])
    #expect(sealed == hex("cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"))
    let opened = try AES256GCM.open(sealed, key: SecretBytes(count: 32), nonce: zero, associatedData: [])
    #expect(opened == SecretBytes(count: 16))
  }

  @Test func `GCM opens nothing that was changed`() throws {
    let key = try SecretBytes.random(32)
    let nonce = try Random.bytes(12)
    let plain = SecretBytes(copying: Array("a secret".utf8))
    let sealed = try AES256GCM.seal(plain, key: key, nonce: nonce, associatedData: [1, 2])
    #expect(try AES256GCM.open(sealed, key: key, nonce: nonce, associatedData: [1, 2]) == plain)
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 0x10
      #expect(throws: CryptoError.authenticationFailed) {
        try AES256GCM.open(changed, key: key, nonce: nonce, associatedData: [1, 2])
      }
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try AES256GCM.open(sealed, key: key, nonce: nonce, associatedData: [1, 3])
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try AES256GCM.open(sealed, key: SecretBytes.random(32), nonce: nonce, associatedData: [1, 2])
    }
    #expect(throws: CryptoError.authenticationFailed) {
      try AES256GCM.open(Array(sealed[..<15]), key: key, nonce: nonce, associatedData: [1, 2])
    }
  }

  @Test func `GCM seals nothing at all too`() throws {
    let key = SecretBytes(count: 32)
    let nonce = [UInt8](repeating: 7, count: 12)
    let sealed = try AES256GCM.seal(SecretBytes(count: 0), key: key, nonce: nonce, associatedData: [9])
    #expect(sealed.count == 16)
    #expect(try AES256GCM.open(sealed, key: key, nonce: nonce, associatedData: [9]).count == 0)
  }

  // IEEE 1619-2007, annex B, vector 2.
  @Test func `AES-128-XTS gives IEEE 1619's ciphertext and decrypts it`() throws {
    let key = SecretBytes(
      copying: [UInt8](repeating: 0x11, count: 16) + [UInt8](repeating: 0x22, count: 16))
    let tweak = hex("33333333330000000000000000000000")
    let plain = [UInt8](repeating: 0x44, count: 32)
    let sealed = hex("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0")
    #expect(try AES128XTS.encrypt(plain, key: key, tweak: tweak) == sealed)
    #expect(try AES128XTS.decrypt(sealed, key: key, tweak: tweak) == plain)
  }

  @Test(arguments: [0, 15, 17, 33]) func `XTS refuses odd data units`(_ count: Int) throws {
    let key = try SecretBytes.random(32)
    #expect(throws: CryptoError.self) {
      try AES128XTS.encrypt(
        [UInt8](repeating: 0, count: count), key: key, tweak: [UInt8](repeating: 0, count: 16))
    }
  }

  @Test func `several XTS data units are each one of them alone`() throws {
    let key = try SecretBytes.random(32)
    let plain = try Random.bytes(3 * 64 + 16)
    func tweak(_ index: Int) -> [UInt8] { [UInt8](repeating: UInt8(index + 7), count: 16) }
    let sealed = try AES128XTS.encrypt(plain, units: 64, key: key, tweak: tweak)
    for (index, start) in stride(from: 0, to: plain.count, by: 64).enumerated() {
      let range = start..<min(start + 64, plain.count)
      #expect(
        try Array(sealed[range]) == AES128XTS.encrypt(Array(plain[range]), key: key, tweak: tweak(index)))
    }
    #expect(try AES128XTS.decrypt(sealed, units: 64, key: key, tweak: tweak) == plain)
    #expect(try AES128XTS.encrypt([], units: 64, key: key, tweak: tweak).isEmpty)
  }

  @Test(arguments: [(64, 17), (0, 16), (24, 48)])
  func `XTS refuses odd data units among several`(_ sizes: (unit: Int, count: Int)) throws {
    let key = try SecretBytes.random(32)
    #expect(throws: CryptoError.self) {
      try AES128XTS.encrypt([UInt8](repeating: 0, count: sizes.count), units: sizes.unit, key: key) { _ in
        [UInt8](repeating: 0, count: 16)
      }
    }
    #expect(throws: CryptoError.self) {
      try AES128XTS.encrypt([UInt8](repeating: 0, count: 128), units: 64, key: key) { _ in [1] }
    }
  }

  @Test func `random bytes have the length asked for`() throws {
    #expect(try Random.bytes(0).isEmpty)
    #expect(try Random.bytes(33).count == 33)
    #expect(try Random.bytes(16) != Random.bytes(16))
    #expect(throws: CryptoError.self) { try Random.bytes(-1) }
  }
}
