import CVMCore
import Testing

@Suite("labels") struct GuestLabelsTests {
  @Test func `are a key and a value around the first equals sign`() throws {
    for (text, key, value) in [
      ("role=web", "role", "web"), ("a=", "a", ""), ("a=b=c", "a", "b=c"),
      ("A-1_b.c/d=x y", "A-1_b.c/d", "x y"),
      ("k=<&>'\"", "k", "<&>'\""),
    ] {
      let label = try GuestLabels.parse(text)
      #expect(label.key == key && label.value == value)
    }
  }

  @Test(arguments: [
    "", "role", "=web", "a b=c", "ü=1", "a=\u{1B}[0m", "a=x\ny", "a=\u{202E}", "a\n=b",
    String(repeating: "k", count: 64) + "=v", "k=" + String(repeating: "v", count: 256),
  ])
  func `are refused where a listing could not carry them`(_ text: String) {
    #expect(throws: GuestDefinitionProblem.self) { try GuestLabels.parse(text) }
  }

  @Test func `may be as long as the limits say`() throws {
    try GuestLabels.check(String(repeating: "k", count: 63), String(repeating: "v", count: 255))
  }
}
