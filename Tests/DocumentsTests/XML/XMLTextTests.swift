import Documents
import Testing

@Suite("XML writing") struct XMLTextTests {
  @Test func `elements stand on lines of their own, text stays untouched`() throws {
    let tree = XMLElement(
      "domain", attributes: ["type": "kvm"],
      elements: [
        XMLElement("name", text: "web1"),
        XMLElement("os", elements: [XMLElement("loader", attributes: ["secure": "no"])]),
        XMLElement(
          "p", children: [.text("a"), .element(XMLElement("b", elements: [XMLElement("c")])), .text("d")]),
      ])
    #expect(
      try XMLText.serialize(tree) == """
        <domain type='kvm'>
          <name>web1</name>
          <os>
            <loader secure='no'/>
          </os>
          <p>a<b><c/></b>d</p>
        </domain>

        """)
  }

  static let hostile = [
    "'\"<>&]]>", "</name><devices><hostdev/></devices><name>", "<![CDATA[x]]>", "&amp;&#65;", "\r\n\t x ",
    "\u{202E}abc",
    "é€😀", "-->", "%s%n", " ", "\n",
  ]

  @Test(arguments: hostile) func `hostile text comes back the same and adds no element`(_ text: String) throws
  {
    var tree = XMLElement("domain", elements: [XMLElement("name", text: text)])
    tree.setAttribute("a", text)
    #expect(try XMLElement.parse(bytes(XMLText.serialize(tree))) == tree)
  }

  @Test(arguments: ["\0", "\u{1}", "\u{8}", "\u{B}", "\u{1B}", "\u{FFFE}", "\u{FFFF}"])
  func `a character that XML cannot carry is refused, not dropped`(_ text: String) {
    let inText = XMLElement("a", text: text)
    let inAttribute = XMLElement("a", attributes: ["b": text])
    #expect(refusal { () throws(DocumentError) in try XMLText.serialize(inText) } == .character)
    #expect(refusal { () throws(DocumentError) in try XMLText.serialize(inAttribute) } == .character)
  }

  @Test(arguments: ["", " ", "a b", "1a", "-a", "a>", "a/", "a='", "<a", "a\u{0}", "\u{301}a"])
  func `what is not a name is refused`(_ name: String) {
    #expect(refusal { () throws(DocumentError) in try XMLText.serialize(XMLElement(name)) } == .name)
    let attribute = XMLElement("a", attributes: [name: "x"])
    #expect(refusal { () throws(DocumentError) in try XMLText.serialize(attribute) } == .name)
  }

  @Test func `an attribute given twice is refused`() {
    let tree = XMLElement("a", attributes: ["b": "1", "b": "2"])
    #expect(refusal { () throws(DocumentError) in try XMLText.serialize(tree) } == .duplicate)
  }

  @Test func `what could not be read back for its depth is not written`() {
    var tree = XMLElement("a")
    for _ in 0..<64 { tree = XMLElement("a", elements: [tree]) }
    #expect(refusal { () throws(DocumentError) in try XMLText.serialize(tree) } == .tooDeep)
  }

  @Test func `parse is the inverse of serialize`() throws {
    var random = Seeded(2)
    for _ in 0..<5_000 {
      let tree = Self.tree(&random, depth: 4)
      let text = try XMLText.serialize(tree)
      #expect(try XMLElement.parse(bytes(text)) == tree)
    }
  }

  /// A tree in the form that parsing gives: texts neither empty nor side by side nor layout.
  private static func tree(_ random: inout Seeded, depth: Int) -> XMLElement {
    var element = XMLElement(random.pick(["a", "b:c", "_d", "é-1", "os.type"]))
    for name in ["x", "xmlns:y", "z"] where random.below(3) == 0 {
      element.setAttribute(name, random.text(0...8, allowed: isCarried))
    }
    let isMixed = random.below(3) == 0
    var afterText = false
    for _ in 0..<random.below(depth > 0 ? 4 : 1) {
      if isMixed, !afterText, random.below(2) == 0 {
        element.children.append(.text("x" + random.text(0...8, allowed: isCarried)))
        afterText = true
      } else {
        element.append(tree(&random, depth: depth - 1))
        afterText = false
      }
    }
    if element.children.isEmpty {
      let text = random.text(0...5, allowed: isCarried)
      if !text.isEmpty { element.children = [.text(text)] }
    }
    return element
  }

  private static func isCarried(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 || ["\t", "\n", "\r"].contains(scalar)
  }
}
