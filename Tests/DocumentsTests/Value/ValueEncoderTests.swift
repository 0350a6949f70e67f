import Documents
import Testing

@Suite("Encoding into values") struct ValueEncoderTests {
  private struct Inner: Encodable {
    var z = 1
    var a = "x"
  }

  private enum Size: String, Encodable { case small }

  private struct Sample: Encodable {
    var name = "web1"
    var count: UInt64 = .max
    var byte: Int8 = -1
    var ratio = 0.5
    var on = true
    var absent: String?
    var inner = Inner()
    var list = [Inner(), Inner()]
    var size = Size.small
    var labels = ["b": "2", "a": "1", "c": "3"]
    var free: Value = ["k": [1, .null]]
    var numbers: [Int32] = [1, 2]
  }

  private struct Spelled: Encodable {
    enum Key: String, CodingKey { case second, first, nothing }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(2, forKey: .second)
      try container.encode(1, forKey: .first)
      try container.encode(Int?.none, forKey: .nothing)
      try container.encode(3, forKey: .second)
    }
  }

  private struct Nested: Encodable {
    func encode(to encoder: any Encoder) throws {
      var outer = encoder.container(keyedBy: Spelled.Key.self)
      var list = outer.nestedUnkeyedContainer(forKey: .first)
      try list.encode(1)
      var object = list.nestedContainer(keyedBy: Spelled.Key.self)
      try object.encode("x", forKey: .second)
      try list.encodeNil()
      #expect(list.count == 3)
      var inner = outer.nestedContainer(keyedBy: Spelled.Key.self, forKey: .second)
      try inner.encodeNil(forKey: .nothing)
    }
  }

  private struct Refusing: Encodable {
    func encode(to encoder: any Encoder) throws {
      throw EncodingError.invalidValue(0, .init(codingPath: encoder.codingPath, debugDescription: ""))
    }
  }

  @Test func `keys stand in the order of declaration, nil as null, a dictionary's sorted`() throws {
    let inner: Value = ["z": 1, "a": "x"]
    let expected: Value = [
      "name": "web1", "count": .unsigned(.max), "byte": -1, "ratio": .number(0.5), "on": true,
      "absent": .null, "inner": inner,
      "list": [inner, inner], "size": "small", "labels": ["a": "1", "b": "2", "c": "3"],
      "free": ["k": [1, .null]], "numbers": [1, 2],
    ]
    #expect(try ValueEncoder.encode(Sample()) == expected)
  }

  @Test func `nil is null, and a key encoded again keeps its place`() throws {
    #expect(try ValueEncoder.encode(Spelled()) == ["second": 3, "first": 1, "nothing": .null])
  }

  @Test func `nested containers fill the same tree`() throws {
    #expect(
      try ValueEncoder.encode(Nested()) == [
        "first": [1, ["second": "x"], .null], "second": ["nothing": .null],
      ])
  }

  @Test func `scalars, lists and optionals stand for themselves`() throws {
    #expect(try ValueEncoder.encode("x") == "x")
    #expect(try ValueEncoder.encode([1, 2]) == [1, 2])
    #expect(try ValueEncoder.encode([Int?.none]) == [.null])
    #expect(try ValueEncoder.encode([String]()) == [])
    #expect(try ValueEncoder.encode([String: Int]()) == [:])
    #expect(try ValueEncoder.encode(Float(0.5)) == .number(0.5))
    #expect(try ValueEncoder.encode(Value.null) == .null)
  }

  @Test func `a type that refuses is an error`() {
    #expect(refusal { () throws(DocumentError) in try ValueEncoder.encode([Refusing()]) } == .unencodable)
  }
}
