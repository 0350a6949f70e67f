import CVMCrypto
import SecureProcessor
import Testing

@Suite("Memory encryption") struct MemoryCipherTests {
  let cipher: MemoryCipher
  let other: MemoryCipher
  let plaintext = [UInt8](repeating: 0xAB, count: 4096)

  init() throws {
    cipher = MemoryCipher(key: try .random(32))
    other = MemoryCipher(key: try .random(32))
  }

  @Test func `what was encrypted at an address decrypts there`() throws {
    let ciphertext = try cipher.encrypt(plaintext, at: 0x5000)
    #expect(ciphertext != plaintext)
    #expect(try cipher.decrypt(ciphertext, at: 0x5000) == plaintext)
  }

  @Test func `one plaintext differs between addresses, blocks and guests`() throws {
    let here = try cipher.encrypt(plaintext, at: 0x5000)
    let there = try cipher.encrypt(plaintext, at: 0x6000)
    #expect(here != there)
    #expect(Set(stride(from: 0, to: 4096, by: 16).map { Array(here[$0..<($0 + 16)]) }).count == 256)
    #expect(try other.encrypt(plaintext, at: 0x5000) != here)
  }

  @Test func `a moved page is garbage, a replayed one is not`() throws {
    let old = try cipher.encrypt(plaintext, at: 0x5000)
    _ = try cipher.encrypt(Simulation.bytes(4096), at: 0x5000)
    #expect(try cipher.decrypt(old, at: 0x5000) == plaintext)
    let moved = try cipher.decrypt(old, at: 0x6000)
    #expect(zip(moved, plaintext).count { $0 == $1 } < 100)
  }

  @Test func `a changed byte garbles its own 16 bytes only`() throws {
    var ciphertext = try cipher.encrypt(plaintext, at: 0)
    ciphertext[100] ^= 1
    let garbled = try cipher.decrypt(ciphertext, at: 0)
    #expect(garbled[..<96] == plaintext[..<96])
    #expect(garbled[112...] == plaintext[112...])
    #expect(garbled[96..<112] != plaintext[96..<112])
  }

  @Test(arguments: [(0, 16), (16, 176), (4080, 32), (0xC00, 4096), (8, 0)])
  func `a part has the bytes it has within the whole`(_ range: (start: Int, count: Int)) throws {
    let whole = Simulation.bytes(3 * 4096)
    let encrypted = try cipher.encrypt(whole, at: 0x10000)
    let start = range.start / 16 * 16
    let part = Array(whole[start..<(start + range.count)])
    let found = try cipher.encrypt(part, at: UInt64(0x10000 + start))
    #expect(found == Array(encrypted[start..<(start + range.count)]))
    #expect(try cipher.decrypt(found, at: UInt64(0x10000 + start)) == part)
  }

  @Test func `ranges off the blocks or past the address space are refused`() {
    #expect(throws: CryptoError.self) { try cipher.encrypt([1], at: 0) }
    #expect(throws: CryptoError.self) { try cipher.encrypt(plaintext, at: 8) }
    #expect(throws: CryptoError.self) { try cipher.encrypt(plaintext + plaintext, at: UInt64.max - 4095) }
  }
}
