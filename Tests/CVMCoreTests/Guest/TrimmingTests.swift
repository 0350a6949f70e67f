import CVMCore
import Testing

@Suite("blanks around a text") struct TrimmingTests {
  @Test(arguments: [" ", "\t", "\n", "\r", "\r\n", "\n\n", " \n", "\n ", "\r\n\r\n", " \t\r\n", "\n\r"])
  func `are taken away, whichever line ends they are`(_ blanks: String) {
    #expect((blanks + "Y" + blanks).trimmingBlanks == "Y")
    #expect(("a" + blanks + "b").trimmingBlanks == "a" + blanks + "b")
    #expect(blanks.trimmingBlanks == "")
  }

  @Test func `are none but XML's`() {
    for text in ["\u{A0}Y", "Y\u{2003}", "\u{B}Y", "\u{85}Y"] { #expect(text.trimmingBlanks == text) }
  }
}
