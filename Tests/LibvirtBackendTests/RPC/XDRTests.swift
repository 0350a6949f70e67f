import Bytes
import Testing

@testable import LibvirtBackend

@Suite("XDR") struct XDRTests {
  private func reader(_ bytes: [UInt8]) -> XDRReader { XDRReader(bytes, format: "test") }

  /// RFC 4506: the forms of sections 4.1 (integer), 4.5 (hyper), 4.9 and 4.11 (opaque, string).
  private let worked: [UInt8] = [
    0x80, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFE, 1, 2, 3, 4, 5, 6, 7, 8,  // unsigned, int, hyper
    0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0, 0, 0,  // opaque of 5 bytes
    0, 0, 0, 2, 0x68, 0x69, 0, 0,  // "hi"
  ]

  @Test func `values are big-endian and padded`() throws {
    var reader = reader(worked)
    #expect(try reader.unsigned() == 0x8000_0001)
    #expect(try reader.int() == -2)
    #expect(try reader.unsignedHyper() == 0x0102_0304_0506_0708)
    #expect(try reader.opaque(5) == [0xAA, 0xBB, 0xCC, 0xDD, 0xEE])
    #expect(try reader.string(limit: 2) == "hi")
    try reader.finish()
  }

  @Test func `what is written is what was read`() {
    let written = xdr {
      $0.unsigned(0x8000_0001)
      $0.int(-2)
      $0.unsigned(0x0102_0304)
      $0.unsigned(0x0506_0708)
      $0.opaque([0xAA, 0xBB, 0xCC, 0xDD, 0xEE])
      $0.string("hi")
    }
    #expect(written == worked)
  }

  @Test func `every truncation is refused`() {
    for count in worked.indices {
      var reader = reader(Array(worked.prefix(count)))
      #expect(throws: FormatError.self) {
        _ = (try reader.unsigned(), try reader.int(), try reader.unsignedHyper())
        _ = (try reader.opaque(5), try reader.string(limit: 2))
      }
    }
  }

  @Test func `bytes after the end are refused`() {
    #expect(throws: FormatError("test", at: 0, .trailing(count: 1))) { try reader([0]).finish() }
  }

  @Test(arguments: [21, 22, 23]) func `padding is zero`(_ index: Int) {
    var bytes = worked
    bytes[index] = 1
    var reader = reader(Array(bytes.dropFirst(16)))
    #expect(throws: FormatError("test", at: 5, .notZero(field: "padding"))) { try reader.opaque(5) }
  }

  @Test(arguments: [(0 as UInt8, false), (1, true)]) func `an optional is there or not`(
    _ flag: UInt8, _ expected: Bool
  ) throws {
    var reader = reader([0, 0, 0, flag])
    #expect(try reader.isPresent() == expected)
  }

  @Test func `an optional that is neither is refused`() {
    for word: [UInt8] in [[0, 0, 0, 2], [1, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF]] {
      var reader = reader(word)
      #expect(throws: FormatError.self) { try reader.isPresent() }
    }
  }

  @Test func `a count is within its limit and within the input`() throws {
    let three: [UInt8] = [0, 0, 0, 3] + [UInt8](repeating: 0, count: 12)
    for (limit, size, fits) in [(3, 4, true), (2, 4, false), (3, 5, false)] {
      var reader = reader(three)
      let found = Result { () throws(FormatError) in try reader.count(limit: limit, each: size) }
      #expect((try? found.get()) == (fits ? 3 : nil))
    }
    var largest = reader([0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: FormatError.self) { try largest.count(limit: .max, each: 1) }
  }

  @Test func `text is within its limit, without NUL, and repaired where it is no UTF-8`() throws {
    var tooLong = reader([0, 0, 0, 2, 0x68, 0x69, 0, 0])
    #expect(throws: FormatError.self) { try tooLong.string(limit: 1) }
    var withNUL = reader([0, 0, 0, 2, 0x68, 0, 0, 0])
    #expect(throws: FormatError.self) { try withNUL.string(limit: 2) }
    var broken = reader([0, 0, 0, 1, 0xFF, 0, 0, 0])
    #expect(try broken.string(limit: 1) == "\u{FFFD}")
  }

  @Test func `a required value is required`() throws {
    var right = reader([0, 0, 0, 1])
    try right.require(1, field: "version")
    var wrong = reader([0, 0, 0, 2])
    #expect(
      throws: FormatError("test", at: 0, .unexpected(field: "version", found: 2, expected: "0x1"))
    ) { try wrong.require(1, field: "version") }
  }
}
