import Documents
import Testing

@Suite("XML elements") struct XMLElementTests {
  private let os = XMLElement(
    "os", elements: [XMLElement("type", text: "hvm"), XMLElement("boot"), XMLElement("boot")])

  @Test func `an attribute keeps its place when it is set, goes last when it is new, goes away with nil`() {
    var element = XMLElement("a", attributes: ["x": "1", "y": "2"])
    element.setAttribute("x", "3")
    element.setAttribute("z", "4")
    element.setAttribute("y", nil)
    element.setAttribute("absent", nil)
    #expect(element == XMLElement("a", attributes: ["x": "3", "z": "4"]))
  }

  @Test func `a child replaces its namesakes where the first of them stood`() {
    var edited = os
    edited.setChild(XMLElement("boot", attributes: ["dev": "hd"]))
    edited.setChild(XMLElement("loader"))
    #expect(edited.elements.map(\.name) == ["type", "boot", "loader"])
    #expect(edited.attribute("dev", at: "boot") == "hd")
  }

  @Test func `children are inserted before a name, or last`() {
    var edited = os
    edited.insert(XMLElement("loader"), before: "boot")
    edited.insert(XMLElement("smbios"), before: "absent")
    #expect(edited.elements.map(\.name) == ["type", "loader", "boot", "boot", "smbios"])
  }

  @Test func `removal counts what it removed and spares the rest`() {
    var edited = os
    #expect(edited.removeChildren(named: "boot") == 2)
    #expect(edited.removeChildren(named: "boot") == 0)
    #expect(edited.removeChildren { $0.text == "hvm" } == 1)
    #expect(edited.children.isEmpty)
  }

  @Test func `an edit reaches the first element at a path and nothing else`() {
    var domain = XMLElement("domain", elements: [os, os])
    let found = domain.edit(at: "os/type") { $0.setText("xen") }
    #expect(found)
    #expect(domain.elements.map { $0.text(at: "type") } == ["xen", "hvm"])
    let before = domain
    let missing = domain.edit(at: "os/absent") { $0.setText("never") }
    #expect(!missing)
    #expect(domain == before)
  }

  @Test func `texts that merely look alike are not equal`() {
    #expect(XMLElement("a", text: "\u{E9}") != XMLElement("a", text: "e\u{301}"))
    #expect(XMLElement("a", attributes: ["x": "\u{E9}"]) != XMLElement("a", attributes: ["x": "e\u{301}"]))
    #expect(
      XMLElement("a", attributes: ["x": "1", "y": "2"]) != XMLElement("a", attributes: ["y": "2", "x": "1"]))
  }
}
