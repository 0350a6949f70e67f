import TestHarness
import Testing

/// cvmctl(1) against what the program says of itself: nothing missing, nothing that is not there.
@Suite("cvmctl(1)") struct CommandTests {
  private let page: ManualPage
  private let tree: CommandTree

  init() throws {
    page = try ManualPage("cvmctl.1")
    tree = try CommandTree.current.get()
  }

  @Test func `has exactly the program's commands`() {
    // `complete` is answered before the parser.
    #expect(Set(entries.keys) == Set(tree.leaves.map(\.name)).union(["complete"]))
  }

  @Test func `has exactly the options of each command`() throws {
    let global = tree.globalOptions
    for leaf in tree.leaves where leaf.name != "help" {
      guard let entry = entries[leaf.name] else { continue }
      #expect(options(of: entry) == leaf.options.subtracting(global), "\(leaf)")
    }
  }

  @Test func `has exactly the global options`() throws {
    let section = try #require(page["GLOBAL OPTIONS"])
    // `-V` alone is answered before the parser.
    #expect(Set(section.items.flatMap(\.options)) == tree.globalOptions.union(["-V"]))
  }

  /// The entry of each command, by its words.
  private var entries: [String: ManualPage.Item] {
    let items = page.subsections(of: "COMMANDS").flatMap(\.section.items).filter { $0.head.first == "Ic" }
    return Dictionary(
      items.map { ($0.words(after: "Ic").joined(separator: " "), $0) }, uniquingKeysWith: { $1 })
  }

  /// An entry's own options, and those of the shared sections that its text names.
  private func options(of entry: ManualPage.Item) -> Set<String> {
    var found = Set(entry.items.flatMap(\.options))
    var titles = entry.text.references
    while let title = titles.popLast() {
      guard let section = page["COMMANDS/" + title] else { continue }
      found.formUnion(section.items.flatMap(\.options))
      titles += section.text.references
    }
    return found
  }
}
