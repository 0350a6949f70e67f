import Documents
import Testing

@Suite("XML reading") struct XMLReaderTests {
  static let domain = """
    <?xml version="1.0" encoding="UTF-8"?>
    <!-- edited -->
    <domain type='kvm' xmlns:cvm="https://cvmctl.example/xml">
      <name>web1</name>
      <os>
        <type arch='x86_64'>hvm</type>
      </os>
      <description>two
    lines &amp; an &#x41;<![CDATA[ <b> ]]></description>
      <metadata><cvm:guest tenant="acme"/></metadata>
      <devices><disk type='file'/><disk type='block'/></devices>
    </domain>
    """

  @Test func `a domain becomes a tree in document order`() throws {
    let domain = try XMLElement.parse(bytes(Self.domain))
    #expect(domain.name == "domain")
    #expect(domain.attribute("type") == "kvm")
    #expect(domain.attribute("xmlns:cvm") == "https://cvmctl.example/xml")
    #expect(domain.elements.map(\.name) == ["name", "os", "description", "metadata", "devices"])
    #expect(domain.text(at: "name") == "web1")
    #expect(domain.attribute("arch", at: "os/type") == "x86_64")
    #expect(domain.text(at: "description") == "two\nlines & an A <b> ")
    #expect(domain.attribute("tenant", at: "metadata/cvm:guest") == "acme")
    #expect(domain.elements(at: "devices/disk").compactMap { $0.attribute("type") } == ["file", "block"])
    #expect(domain.element(at: "os/loader") == nil)
  }

  @Test func `white space is layout beside elements and content elsewhere`() throws {
    let tree = try XMLElement.parse(bytes("<a> <b> </b> <c>x <d/> </c> </a>"))
    let expected = XMLElement(
      "a",
      elements: [
        XMLElement("b", text: " "),
        XMLElement("c", children: [.text("x "), .element(XMLElement("d")), .text(" ")]),
      ])
    #expect(tree == expected)
  }

  @Test(arguments: [
    ("<!DOCTYPE a><a/>", DocumentError.Kind.doctype),
    ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", .doctype),
    ("<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;&b;'>]><a>&c;</a>", .doctype),
    ("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://example.com/x'> %p;]><a/>", .doctype),
    ("<a>&b;</a>", .syntax),
    ("<a>", .syntax),
    ("<a></b>", .syntax),
    ("<a/><b/>", .syntax),
    ("<a/>text", .syntax),
    ("", .syntax),
    ("   ", .syntax),
    ("text", .syntax),
    ("<a b/>", .syntax),
    ("<a b=c/>", .syntax),
    ("<a b='1' b='2'/>", .duplicate),
    ("<a b='<'/>", .syntax),
    ("<a>]]></a>", .syntax),
    ("<a>&#0;</a>", .syntax),
    ("<a>&#x1F;</a>", .syntax),
    ("<a>&#xD800;</a>", .syntax),
    ("<a>\u{1}</a>", .syntax),
    ("<a>\u{FFFE}</a>", .syntax),
    ("<a>\0</a>", .syntax),
    ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", .encoding),
    ("<?xml version='1.0' encoding='UTF-16'?><a/>", .encoding),
  ])
  func `what is not plain well-formed XML is refused`(_ text: String, _ kind: DocumentError.Kind) {
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(bytes(text)) } == kind)
  }

  @Test(arguments: [
    [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFE, 0xFF, 0, 0x3C],
  ])
  func `what is not UTF-8 is refused`(_ bad: [UInt8]) {
    let text = bytes("<a>") + bad + bytes("</a>")
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(text) } == .encoding)
  }

  @Test func `UTF-16 in disguise is refused`() {
    let wide = bytes("<a/>").flatMap { [$0, 0] as [UInt8] }
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(wide) } == .syntax)
  }

  @Test func `an error names line and column`() {
    let error = #expect(throws: DocumentError.self) {
      try XMLElement.parse(bytes("<a>\n  <b>\n  </c>\n</a>"))
    }
    #expect(error?.line == 3)
    #expect(error?.summary == "line 3, column 5: mismatched tag")
  }

  @Test func `the declaration may say UTF-8 in any case`() throws {
    #expect(try XMLElement.parse(bytes("<?xml version='1.0' encoding='utf-8'?><a/>")) == XMLElement("a"))
  }

  @Test(.timeLimit(.minutes(60))) func `depth, size and number of nodes are limited`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      bytes(String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth))
    }
    #expect(try XMLElement.parse(nested(64)).name == "a")
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(nested(65)) } == .tooDeep)
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(nested(100_000)) } == .tooDeep)
    let wide = bytes("<r>" + String(repeating: "<a/>", count: 100_000) + "</r>")
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(wide) } == .tooManyNodes)
    let attributes = (0..<100_000).map { " a\($0)=''" }.joined()
    #expect(
      refusal { () throws(DocumentError) in try XMLElement.parse(bytes("<a\(attributes)/>")) }
        == .tooManyNodes)
    let large = bytes("<a>" + String(repeating: "x", count: 4 << 20) + "</a>")
    #expect(refusal { () throws(DocumentError) in try XMLElement.parse(large) } == .tooLarge)
    let small = DocumentLimits(bytes: 100, depth: 2, nodes: 5)
    #expect(
      refusal { () throws(DocumentError) in try XMLElement.parse(bytes("<a>t<b/>t<b/>t</a>"), limits: small) }
        == .tooManyNodes)
  }

  @Test func `limits never allow a depth that the stack could not carry`() {
    #expect(DocumentLimits(bytes: 1, depth: 1_000_000, nodes: 1).depth == DocumentLimits.deepest)
  }

  @Test func `mutated documents are read or refused, and what is read is written back the same`() throws {
    var random = Seeded(1)
    var accepted = 0
    for _ in 0..<20_000 {
      let input = random.mutated(bytes(Self.domain))
      guard let tree = try? XMLElement.parse(input) else { continue }
      accepted += 1
      #expect(try XMLElement.parse(bytes(XMLText.serialize(tree))) == tree)
    }
    #expect(accepted > 1000)
  }
}
