import Documents
import Testing

@Suite("JSON reading") struct JSONReaderTests {
  @Test(
    arguments: [
      ("null", Value.null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-1", -1),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("9223372036854775808", .unsigned(1 << 63)), ("18446744073709551615", .unsigned(.max)),
      ("18446744073709551616", .number(18446744073709551616)), ("1.5", .number(1.5)), ("1.0", .number(1)),
      ("1e3", .number(1000)), ("1E-2", .number(0.01)), ("-0.0", .number(0)), ("1e-999", .number(0)),
      (#""a\"\\\/\b\f\n\r\t\u0041\u00e9""#, "a\"\\/\u{8}\u{C}\n\r\tAé"), (#""\ud83d\ude00""#, "😀"),
      ("\"😀\"", "😀"),
      (#""\u0000""#, "\0"), ("[]", []), ("{}", [:]), ("[1, [2] ,{}]", [1, [2], [:]]),
      (#"{"b":1,"a":{"c":[null]}}"#, ["b": 1, "a": ["c": [.null]]]),
    ] as [(String, Value)])
  func `values are read exactly`(_ text: String, _ value: Value) throws {
    #expect(try JSONText.parse(bytes(text)) == value)
  }

  @Test(arguments: [
    ("", DocumentError.Kind.syntax), (" ", .syntax), ("nul", .syntax), ("nulll", .syntax), ("True", .syntax),
    ("[1,]", .syntax), ("[,1]", .syntax), ("[1 2]", .syntax), ("[", .syntax), ("]", .syntax),
    ("[1}", .syntax),
    ("{\"a\":1,}", .syntax), ("{\"a\"}", .syntax), ("{\"a\":}", .syntax), ("{a:1}", .syntax),
    ("{1:1}", .syntax),
    ("{\"a\":1 \"b\":2}", .syntax), ("{", .syntax), ("{\"a\":1]", .syntax), ("1 2", .syntax),
    ("{}{}", .syntax),
    ("01", .syntax), ("-", .syntax), ("+1", .syntax), (".5", .syntax), ("1.", .syntax), ("1e", .syntax),
    ("1e+", .syntax), ("0x10", .syntax), ("NaN", .syntax), ("Infinity", .syntax), ("-Infinity", .syntax),
    ("'a'", .syntax), ("\"a", .syntax), ("\"\n\"", .syntax), ("\"\t\"", .syntax), (#""\x41""#, .syntax),
    (#""\u12G4""#, .syntax), (#""\u123"#, .syntax), (#""\"#, .syntax), ("// c\n1", .syntax),
    ("\u{FEFF}1", .syntax),
    (#""\ud800""#, .encoding), (#""\udc00""#, .encoding), (#""\ud800\u0041""#, .encoding),
    (#""\ud800x""#, .encoding),
    ("{\"a\":1,\"a\":2}", .duplicate), (#"{"a":1,"\u0061":2}"#, .duplicate), ("1e999", .number),
    ("-1e999", .number),
    ("\u{1}", .syntax), ("1\0", .syntax),
  ])
  func `what RFC 8259 does not allow is refused`(_ text: String, _ kind: DocumentError.Kind) {
    #expect(refusal { () throws(DocumentError) in try JSONText.parse(bytes(text)) } == kind)
  }

  @Test func `what is not UTF-8 is refused with its place`() {
    let error = #expect(throws: DocumentError.self) {
      try JSONText.parse(bytes("[\n\"") + [0xC3, 0x28] + bytes("\"]"))
    }
    #expect(error == DocumentError(.encoding, line: 2, column: 2, "not UTF-8"))
  }

  @Test func `an error names line and column`() {
    let error = #expect(throws: DocumentError.self) { try JSONText.parse(bytes("{\"a\": 1,\n \"a\": 2}")) }
    #expect(error?.summary == "line 2, column 2: 'a' stands twice")
  }

  @Test(.timeLimit(.minutes(60))) func `depth, size and number of nodes are limited`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      bytes(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
    _ = try JSONText.parse(nested(128))
    #expect(refusal { () throws(DocumentError) in try JSONText.parse(nested(129)) } == .tooDeep)
    #expect(refusal { () throws(DocumentError) in try JSONText.parse(nested(100_000)) } == .tooDeep)
    let wide = bytes("[" + String(repeating: "1,", count: 100_000) + "1]")
    #expect(refusal { () throws(DocumentError) in try JSONText.parse(wide) } == .tooManyNodes)
    let large = [UInt8](repeating: 0x20, count: 4 << 20) + bytes("1")
    #expect(refusal { () throws(DocumentError) in try JSONText.parse(large) } == .tooLarge)
  }

  @Test func `mutated documents are read or refused, and what is read is written back the same`() throws {
    let sample = bytes(
      #"{"a": [1, -2.5e3, "x\u0041\ud83d\ude00\n", null, true], "b": {"c": {}}, "d": 18446744073709551615}"#)
    var random = Seeded(3)
    var accepted = 0
    for _ in 0..<20_000 {
      guard let value = try? JSONText.parse(random.mutated(sample)) else { continue }
      accepted += 1
      #expect(try JSONText.parse(bytes(JSONText.emit(value))) == value)
    }
    #expect(accepted > 500)
  }
}
