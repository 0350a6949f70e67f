import Testing

@testable import cvm_qemu

@Suite("Cutting a monitor's bytes") struct MessageSplitterTests {
  /// `m:…` a message, `b:…` blanks, `s:…` strays.
  private func cut(_ chunks: [String], throughLineEnd: Bool = false, limit: Int = 1 << 20) throws -> [String]
  {
    var splitter = MessageSplitter(throughLineEnd: throughLineEnd, limit: limit)
    return try chunks.flatMap { try splitter.split(Array($0.utf8)) }.map { piece in
      let text = String(decoding: piece.bytes, as: UTF8.self)
      return switch piece {
      case .message: "m:" + text
      case .blank: "b:" + text
      case .stray: "s:" + text
      }
    }
  }

  @Test func `a command ends at its bracket, its line end passes behind it`() throws {
    #expect(try cut(["{\"a\":1}\n"]) == ["m:{\"a\":1}", "b:\n"])
  }

  @Test func `QEMU's message ends at its line end`() throws {
    #expect(try cut(["{\"a\":1}\r", "\n{}\r\n"], throughLineEnd: true) == ["m:{\"a\":1}\r\n", "m:{}\r\n"])
    #expect(try cut(["{\"a\":1} {}\n"], throughLineEnd: true) == ["m:{\"a\":1} ", "m:{}\n"])
  }

  @Test func `two commands on a line are two, one over lines is one`() throws {
    #expect(
      try cut(["{\"execute\":\"a\"}{\"execute\":\"b\"}"]) == [
        "m:{\"execute\":\"a\"}", "m:{\"execute\":\"b\"}",
      ])
    #expect(try cut(["{\"execute\":\n", "\"cont\"\n}"]) == ["m:{\"execute\":\n\"cont\"\n}"])
  }

  @Test(arguments: [
    #"{"a":"}"}"#, #"{"a":"\"}"}"#, #"{"a":"\\"}"#, #"{'a':'}"'}"#, #"{"a":[{"b":"]"}]}"#, #"{"a'":"{"}"#,
  ]) func `brackets in strings do not count`(_ text: String) throws {
    #expect(try cut([text]) == ["m:" + text])
    #expect(try cut(text.map(String.init)) == ["m:" + text])
  }

  @Test func `any cutting of the stream gives the same messages`() throws {
    let stream = Array("{\"a\":\"x}\\\"\"}\r\n \t[1,{\"b\":2}]\nxy{\"c\":'}'}{}".utf8)
    for first in 0...stream.count {
      for second in first...stream.count {
        var splitter = MessageSplitter(throughLineEnd: false)
        var messages: [[UInt8]] = []
        var all: [UInt8] = []
        for range in [0..<first, first..<second, second..<stream.count] {
          for piece in try splitter.split(Array(stream[range])) {
            all += piece.bytes
            if case .message(let message) = piece { messages.append(message) }
          }
        }
        #expect(all == stream)
        #expect(messages.count == 4)
      }
    }
  }

  @Test func `strays are told apart from blanks and never wait`() throws {
    #expect(try cut(["ab", "c \n", "}", "{}"]) == ["s:ab", "s:c", "b: \n", "s:}", "m:{}"])
  }

  @Test func `mismatched brackets end somewhere`() throws {
    #expect(try cut(["{]}"]) == ["m:{]", "s:}"])
  }

  @Test func `an endless message is refused, an endless stream of short ones is not`() throws {
    #expect(throws: MonitorViolation.messageTooLong(limit: 16)) {
      try cut(["{\"aaaaaaa", "aaaaaaaa"], limit: 16)
    }
    #expect(try cut(["{\"aaaaaaa", "aaaaaa\"}"], limit: 16).count == 1)
    #expect(try cut([String](repeating: "{}", count: 1000), limit: 16).count == 1000)
  }

  @Test func `depth costs nothing`() throws {
    let deep = String(repeating: "[", count: 200_000) + String(repeating: "]", count: 200_000)
    #expect(try cut([deep]).count == 1)
  }
}
