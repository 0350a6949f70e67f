extension XMLElement {
  /// Sets an attribute in its place, or as the last; nil removes it.
  package mutating func setAttribute(_ name: String, _ value: String?) {
    let index = attributes.firstIndex { $0.name == name }
    switch (index, value) {
    case (let index?, let value?): attributes[index].value = value
    case (let index?, nil): attributes.remove(at: index)
    case (nil, let value?): attributes.append(XMLAttribute(name: name, value: value))
    case (nil, nil): break
    }
  }

  /// Replaces all text and children by one text.
  package mutating func setText(_ text: String) { children = text.isEmpty ? [] : [.text(text)] }

  package mutating func append(_ child: XMLElement) { children.append(.element(child)) }

  /// Puts `child` ahead of the first child of that name, or last.
  package mutating func insert(_ child: XMLElement, before name: String) {
    children.insert(.element(child), at: index(of: name) ?? children.endIndex)
  }

  /// Replaces the first child of the same name where it stands, removes any other, or appends.
  package mutating func setChild(_ child: XMLElement) {
    let place = index(of: child.name)
    removeChildren(named: child.name)
    children.insert(.element(child), at: place ?? children.endIndex)
  }

  /// Removes the child elements that `isUnwanted` picks; says how many there were.
  @discardableResult
  package mutating func removeChildren(where isUnwanted: (XMLElement) -> Bool) -> Int {
    let before = children.count
    children.removeAll { if case .element(let element) = $0 { isUnwanted(element) } else { false } }
    return before - children.count
  }

  @discardableResult
  package mutating func removeChildren(named name: String) -> Int { removeChildren { $0.name == name } }

  /// Edits the first element at a path of child names where it stands; false, without a call, if there is
  /// none.
  @discardableResult
  package mutating func edit<E: Error>(
    at path: String, _ body: (inout XMLElement) throws(E) -> Void
  ) throws(E) -> Bool {
    try edit(path.split(separator: "/")[...], body)
  }

  private mutating func edit<E: Error>(
    _ path: ArraySlice<Substring>, _ body: (inout XMLElement) throws(E) -> Void
  ) throws(E) -> Bool {
    guard let first = path.first else {
      try body(&self)
      return true
    }
    guard let index = index(of: String(first)), case .element(var child) = children[index] else {
      return false
    }
    let found = try child.edit(path.dropFirst(), body)
    children[index] = .element(child)
    return found
  }

  private func index(of name: String) -> Int? {
    children.firstIndex { if case .element(let element) = $0 { element.name == name } else { false } }
  }
}
