import Foundation
import TestHarness
import Testing

/// cvmctl-json(5) against what the commands print: nothing missing, nothing that is not there.
@Suite("cvmctl-json(5)") struct KeyTests {
  private let page: ManualPage
  private let printed: PrintedDocuments

  init() throws {
    page = try ManualPage("cvmctl-json.5")
    printed = try PrintedDocuments.current.get()
  }

  @Test func `has exactly the keys of each object`() throws {
    let sections = page.subsections(of: "OBJECTS").filter { !$0.section.items.isEmpty }
    #expect(Set(sections.map(\.name)) == Set(printed.documents.map(\.section)))
    for (name, section) in sections {
      let found = try printed.documents.filter { $0.section == name }.flatMap {
        Self.keys(of: try $0.value())
      }
      #expect(Set(keys(of: section.items)) == Set(found), "\(name)")
    }
  }

  @Test func `describes what every command prints`() throws {
    let withoutJSON: Set = ["audit export", "completion", "help", "sim host delete", "vault agent"]
    #expect(printed.commands.union(withoutJSON) == Set(try CommandTree.current.get().leaves.map(\.name)))
  }

  @Test func `every object of its own says whether it is simulated`() throws {
    for document in printed.documents where document.section != "Error" {
      let value = try document.value()
      for object in value as? [Any] ?? [value] {
        #expect((object as? [String: Any])?["simulated"] is Bool, "\(document.section): \(object)")
      }
    }
  }

  /// `steps.name` for a key inside of another one's value.
  private func keys(of items: [ManualPage.Item], under prefix: String = "") -> [String] {
    items.flatMap { item in
      item.words(after: "Va").flatMap { name -> [String] in
        let key = prefix + name
        // "An object: see .Sx Policy ."
        let shared =
          item.text.first == "An object: see"
          ? item.text.references.compactMap { page["OBJECTS/" + $0] }.flatMap(\.items) : []
        return [key] + keys(of: item.items + shared, under: key + ".")
      }
    }
  }

  private static func keys(of value: Any, under prefix: String = "") -> [String] {
    if let list = value as? [Any] { return list.flatMap { keys(of: $0, under: prefix) } }
    guard let object = value as? [String: Any] else { return [] }
    return object.flatMap { name, inner in
      // A guest's labels have keys of its owner's choice, an audit record's detail those of its act.
      [prefix + name]
        + (["labels", "detail"].contains(name) ? [] : keys(of: inner, under: prefix + name + "."))
    }
  }
}
