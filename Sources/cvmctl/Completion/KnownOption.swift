import ArgumentParser

/// An option of a command, as its help shows it.
struct KnownOption: Equatable {
  let names: [String]
  let takesValue: Bool
  let help: String

  /// The long name where there is one.
  var name: String { names.first { $0.hasPrefix("--") } ?? names.first ?? "" }

  /// Read from the command's own help, so that completion and help cannot disagree.
  static func all(of command: any ParsableCommand.Type) -> [KnownOption] {
    command.helpMessage(columns: 400).split(separator: "\n").compactMap { line in
      let text = line.drop { $0 == " " }
      guard text.hasPrefix("-"), line.hasPrefix("  ") else { return nil }
      let parts = text.split(separator: "  ", maxSplits: 1, omittingEmptySubsequences: true)
      guard let left = parts.first else { return nil }
      let names = left.split(separator: ",").map { part in
        String(part.drop { $0 == " " }.prefix { $0 != " " })
      }
      return KnownOption(
        names: names, takesValue: left.contains("<"),
        help: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
  }
}
