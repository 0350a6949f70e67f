import CVMCore
import Testing

@Suite("a guest's name") struct GuestNameTests {
  @Test(arguments: [
    "web1", "a", "Überwachung", "名前", "a b", "<&>'\"", "$(id)", "`id`", "a;b|c", "..a", "a.", "a-", "%s", "0",
    String(repeating: "x", count: 255),
  ])
  func `may be anything that can be carried exactly`(_ name: String) throws {
    #expect(try GuestName.check(name) == name)
  }

  @Test(arguments: [
    "", "-web", "--help", ".", "..", "a/b", "/", " a", "a ", "\ta", "a\n", "a\u{0}b", "a\u{1B}[31m", "a\rb",
    "a\u{7F}", "a\u{85}b", "a\u{9B}b", "a\u{202E}b", "a\u{200B}b", "a\u{2066}b", "a\u{FEFF}", "a\u{61C}b",
    "a\u{2028}b", "a\u{E0041}", "a\u{FFFF}", String(repeating: "x", count: 256),
    String(repeating: "ü", count: 128),
  ])
  func `is refused where it could mislead a file, a terminal or a command line`(_ name: String) {
    #expect(throws: GuestDefinitionProblem.self) { try GuestName.check(name) }
  }
}
