import Documents
import Testing

@Suite("JSON writing") struct JSONTextTests {
  private let sample: Value = ["b": [1, "x"], "a": [:], "c": [], "d": .null]

  @Test func `pretty is two blanks a level in the given order`() throws {
    #expect(
      try JSONText.emit(sample) == """
        {
          "b": [
            1,
            "x"
          ],
          "a": {},
          "c": [],
          "d": null
        }
        """)
  }

  @Test func `compact is one line`() throws {
    #expect(try JSONText.emit(sample, pretty: false) == #"{"b":[1,"x"],"a":{},"c":[],"d":null}"#)
  }

  @Test func `nothing that a terminal would obey stands raw in the text`() throws {
    for code in Array(0...0x1F) + Array(0x7F...0x9F) + [0x61C, 0x200E, 0x200F] + Array(0x2028...0x202E)
      + Array(0x2066...0x2069) + [0xFEFF] as [UInt32]
    {
      let text = String(Unicode.Scalar(code)!)
      let json = try JSONText.emit(.string(text))
      #expect(json.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, "U+\(String(code, radix: 16))")
      #expect(try JSONText.parse(bytes(json)) == .string(text))
    }
  }

  @Test func `other text stays readable`() throws {
    #expect(try JSONText.emit("é€😀\"\\") == "\"é€😀\\\"\\\\\"")
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func `a number that JSON lacks is refused`(
    _ number: Double
  ) {
    #expect(refusal { () throws(DocumentError) in try JSONText.emit([.number(number)]) } == .number)
  }

  @Test(arguments: [(1e20, "1e+20"), (0.1, "0.1"), (5, "5.0"), (-2.5e-7, "-2.5e-07")] as [(Double, String)])
  func `numbers are written in the shortest form that reads back`(_ number: Double, _ text: String) throws {
    #expect(try JSONText.emit(.number(number)) == text)
  }

  @Test func `parse is the inverse of emit`() throws {
    var random = Seeded(4)
    for _ in 0..<5_000 {
      let value = random.value { $0.text(0...6) }
      let pretty = try JSONText.emit(value)
      #expect(try JSONText.parse(bytes(pretty)) == value)
      #expect(try JSONText.parse(bytes(JSONText.emit(value, pretty: false))) == value)
    }
  }
}
