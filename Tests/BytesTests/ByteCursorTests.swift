import Bytes
import Testing

@Suite("Byte cursor and writer") struct ByteCursorTests {
  private func problem<T>(_ body: () throws(FormatError) -> T) -> FormatError? {
    do {
      _ = try body()
      return nil
    } catch { return error }
  }

  @Test func `integers are little-endian and move the cursor on`() throws {
    var cursor = ByteCursor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xFF], format: "test")
    #expect(try cursor.littleEndian(UInt8.self) == 1)
    #expect(try cursor.littleEndian(UInt16.self) == 0x0302)
    #expect(try cursor.littleEndian(UInt32.self) == 0x0706_0504)
    #expect(try cursor.littleEndian(UInt64.self) == 0x0F0E_0D0C_0B0A_0908)
    #expect(cursor.offset == 15)
    #expect(
      problem { () throws(FormatError) in try cursor.finish() }
        == FormatError("test", at: 15, .trailing(count: 1)))
    #expect(try cursor.array(1) == [0xFF])
    try cursor.finish()
  }

  @Test(arguments: [17, Int.max, -1, Int.min]) func `no count reads past the end or backwards`(_ count: Int)
    throws
  {
    var cursor = ByteCursor(Array(repeating: 0, count: 16), format: "test")
    #expect(
      problem { () throws(FormatError) in try cursor.array(count) }
        == FormatError("test", at: 0, .truncated(wanted: count, left: 16)))
    #expect(try cursor.array(16).count == 16)
    #expect(
      problem { () throws(FormatError) in try cursor.littleEndian(UInt16.self) }
        == FormatError("test", at: 16, .truncated(wanted: 2, left: 0)))
  }

  @Test func `an integer that is cut short is not read`() {
    var cursor = ByteCursor([1, 2, 3], format: "test")
    #expect(problem { () throws(FormatError) in try cursor.littleEndian(UInt32.self) } != nil)
    #expect(cursor.offset == 0)
  }

  @Test(arguments: [95, 97]) func `a format of one size has that size`(_ count: Int) {
    let error = problem { () throws(FormatError) in
      try ByteCursor(Array(repeating: 0, count: count), format: "test", size: 96)
    }
    #expect(error == FormatError("test", at: 0, .wrongSize(expected: 96, found: count)))
  }

  @Test func `reserved bytes are read and named where they are not zero`() throws {
    var cursor = ByteCursor([9, 0, 0, 7, 0], format: "test")
    _ = try cursor.array(1)
    let error = problem { () throws(FormatError) in try cursor.zeros(4, field: "RESERVED") }
    #expect(error == FormatError("test", at: 3, .notZero(field: "RESERVED")))
  }

  @Test func `a value that must be is compared`() throws {
    var cursor = ByteCursor([1, 0, 2, 0], format: "test")
    try cursor.require(UInt16(1), field: "VERSION")
    let error = problem { () throws(FormatError) in try cursor.require(UInt16(0x10), field: "VERSION") }
    #expect(error == FormatError("test", at: 2, .unexpected(field: "VERSION", found: 2, expected: "0x10")))
    #expect(error?.summary == "test: offset 2: VERSION is 0x2, expected 0x10")
  }

  @Test func `what the writer writes the cursor reads`() throws {
    var random = Seeded(33)
    for _ in 0..<200 {
      let (byte, word, long) = (
        UInt8(truncatingIfNeeded: random.next()), random.next(), UInt32(truncatingIfNeeded: random.next())
      )
      var writer = ByteWriter(capacity: 8)
      writer.littleEndian(byte)
      writer.zeros(3)
      writer.littleEndian(word)
      writer.append([1, 2])
      writer.littleEndian(long)
      var cursor = try ByteCursor(writer.bytes, format: "test", size: 18)
      #expect(try cursor.littleEndian() == byte)
      try cursor.zeros(3, field: "zeros")
      #expect(try cursor.littleEndian() == word)
      #expect(try cursor.array(2) == [1, 2])
      #expect(try cursor.littleEndian() == long)
      try cursor.finish()
    }
  }

  @Test(arguments: [
    (FormatError.Problem.truncated(wanted: 4, left: 1), "4 bytes needed, 1 left"),
    (.trailing(count: 3), "3 bytes too many"),
    (.wrongSize(expected: 96, found: 95), "96 bytes expected, 95 found"),
    (.notZero(field: "X"), "X must be zero"),
    (.invalid(field: "X", reason: "not a point"), "X: not a point"),
  ])
  func `an error says where and what`(_ problem: FormatError.Problem, _ text: String) {
    #expect(FormatError("blob", at: 7, problem).summary == "blob: offset 7: " + text)
  }
}
