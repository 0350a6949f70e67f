import Documents

/// What a host does to a document between what it was given and what it runs or shows.
enum DocumentEdit {
  /// The document after an edit of its tree; the text itself where it cannot be read.
  static func edited(_ xml: String, _ edit: (inout XMLElement) -> Void) -> String {
    guard var root = try? XMLElement.parse(Array(xml.utf8)) else { return xml }
    edit(&root)
    return (try? XMLText.serialize(root)) ?? xml
  }

  static func without(_ name: String, in xml: String) -> String {
    edited(xml) { $0.removeChildren(named: name) }
  }

  /// Replaces the text of the first element at a path of child names.
  static func setting(_ path: String, to text: String, in xml: String) -> String {
    edited(xml) { root in _ = root.edit(at: path) { $0.setText(text) } }
  }

  static func setting(_ attribute: String, of path: String, to value: String?, in xml: String) -> String {
    edited(xml) { root in _ = root.edit(at: path) { $0.setAttribute(attribute, value) } }
  }

  static func adding(_ element: XMLElement, to path: String, in xml: String) -> String {
    edited(xml) { root in _ = root.edit(at: path) { $0.append(element) } }
  }
}
