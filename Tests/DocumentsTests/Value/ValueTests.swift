import Documents
import Testing

@Suite("Values") struct ValueTests {
  @Test func `an integer has one form`() {
    #expect(Value(UInt64(5)) == .integer(5))
    #expect(Value(UInt64.max) == .unsigned(.max))
    #expect(Value(Int8.min) == .integer(-128))
  }

  @Test func `members are found by key, integers come in any type that holds them`() {
    let value: Value = ["a": 300, "b": .unsigned(.max), "c": "text", "d": .number(1)]
    #expect(value["a"]?.integer(UInt16.self) == 300)
    #expect(value["a"]?.integer(UInt8.self) == nil)
    #expect(value["b"]?.integer(UInt64.self) == .max)
    #expect(value["b"]?.integer(Int64.self) == nil)
    #expect(value["c"]?.text == "text")
    #expect(value["d"]?.integer(Int.self) == nil)
    #expect(value["e"] == nil)
    #expect(Value.null["a"] == nil)
  }

  @Test func `values differ in kind, order and bytes`() {
    #expect(Value.integer(1) != .number(1))
    #expect(["a": 1, "b": 2] as Value != ["b": 2, "a": 1])
    #expect(Value.string("\u{E9}") != .string("e\u{301}"))
    #expect(["\u{E9}": 1] as Value != ["e\u{301}": 1])
  }
}
