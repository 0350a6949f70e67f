extension XMLElement {
  /// The attribute's value, nil without it.
  package func attribute(_ name: String) -> String? { attributes.first { $0.name == name }?.value }

  /// The child elements, in order.
  package var elements: [XMLElement] {
    children.compactMap { if case .element(let element) = $0 { element } else { nil } }
  }

  /// The first child element of that name.
  package func child(_ name: String) -> XMLElement? {
    for case .element(let element) in children where element.name == name { return element }
    return nil
  }

  package func children(named name: String) -> [XMLElement] { elements.filter { $0.name == name } }

  /// The element's own text, without that of its children; empty where there is none.
  package var text: String {
    children.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
  }

  /// The first element at a path of child names, as `os/loader`.
  package func element(at path: String) -> XMLElement? {
    var found = self
    for name in path.split(separator: "/") {
      guard let next = found.child(String(name)) else { return nil }
      found = next
    }
    return found
  }

  /// Every element at a path of child names, as `devices/disk`, in document order.
  package func elements(at path: String) -> [XMLElement] {
    path.split(separator: "/").reduce([self]) { found, name in
      found.flatMap { $0.children(named: String(name)) }
    }
  }

  /// The text of the first element at a path, nil without the element.
  package func text(at path: String) -> String? { element(at: path)?.text }

  /// An attribute of the first element at a path.
  package func attribute(_ name: String, at path: String) -> String? { element(at: path)?.attribute(name) }
}
