/// An element of an XML document: a value, copied and compared as a whole. Names keep their prefixes and
/// `xmlns` attributes stay attributes, as written.
package struct XMLElement: Sendable {
  package var name: String
  package var attributes: [XMLAttribute]
  package var children: [XMLNode]

  package init(
    _ name: String, attributes: KeyValuePairs<String, String> = [:], children: [XMLNode] = []
  ) {
    self.name = name
    self.attributes = attributes.map { XMLAttribute(name: $0.key, value: $0.value) }
    self.children = children
  }

  /// `<name …>text</name>`.
  package init(_ name: String, attributes: KeyValuePairs<String, String> = [:], text: String) {
    self.init(name, attributes: attributes, children: text.isEmpty ? [] : [.text(text)])
  }

  /// `<name …>` with child elements.
  package init(_ name: String, attributes: KeyValuePairs<String, String> = [:], elements: [XMLElement]) {
    self.init(name, attributes: attributes, children: elements.map { .element($0) })
  }
}

/// An attribute, in its element's order.
package struct XMLAttribute: Sendable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// What stands inside an element. A parsed tree has no empty text and no two texts in a row.
package enum XMLNode: Sendable {
  case element(XMLElement)
  case text(String)
}

extension XMLElement: Equatable {
  /// Equal in every name, attribute (with its place), text and child.
  package static func == (left: Self, right: Self) -> Bool {
    sameText(left.name, right.name) && left.attributes == right.attributes && left.children == right.children
  }
}

extension XMLAttribute: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    sameText(left.name, right.name) && sameText(left.value, right.value)
  }
}

extension XMLNode: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.element(let left), .element(let right)): left == right
    case (.text(let left), .text(let right)): sameText(left, right)
    default: false
    }
  }
}
