/// An option of a command, as its help shows it.
struct KnownOption: Equatable {
  let names: [String]
  let takesValue: Bool
  private(set) var help: String

  /// The long name where there is one.
  var name: String { names.first { $0.hasPrefix("--") } ?? names.first ?? "" }

  /// Read from the help that the parser prints, so that completion and help cannot disagree. Rendered wide: an
  /// option is one line, or a second one has the help of a long name.
  static func all(inHelp help: String) -> [KnownOption] {
    var options: [KnownOption] = []
    for line in help.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = line.drop { $0 == " " }
      if line.hasPrefix("  -") {
        options.append(KnownOption(line: text))
      } else if line.hasPrefix("        "), let last = options.indices.last, options[last].help.isEmpty {
        options[last].help = String(text)
      }
    }
    return options
  }

  /// `-o, --output <output>   table, wide, …`
  private init(line: Substring) {
    let parts = line.split(separator: "  ", maxSplits: 1)
    let left = parts.first ?? ""
    names = left.split(separator: ",").map { part in String(part.drop { $0 == " " }.prefix { $0 != " " }) }
    takesValue = left.contains("<")
    help = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
  }
}
