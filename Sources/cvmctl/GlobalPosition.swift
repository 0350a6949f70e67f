import ArgumentParser

/// Global options stand before or after the verb; the parser knows them only after it.
enum GlobalPosition {
  /// Moves the global options in front of the verb (and of a noun's subcommand) behind it, order kept.
  static func settled(_ words: [String]) -> SettledWords {
    var moved: [String] = []
    var verbs: [String] = []
    var level: any ParsableCommand.Type = CVMCtl.self
    var isBelowAVerb = false
    var index = 0
    while index < words.count {
      let word = words[index]
      if let next = subcommand(word, of: level) {
        isBelowAVerb = isBelowAVerb || level.doesSomething
        verbs.append(word)
        level = next
        index += 1
      } else if !level.configuration.subcommands.isEmpty, let count = globalWords(word),
        index + count <= words.count
      {
        moved += words[index..<(index + count)]
        index += count
      } else {
        break
      }
    }
    // `help`, `--help`, a noun alone or a verb that there is not: for the parser alone, which knows no global option there.
    let isComplete = level.doesSomething
    return SettledWords(
      command: level, verbs: verbs, isBelowAVerb: isBelowAVerb,
      arguments: (isComplete ? moved : []) + words[index...])
  }

  /// The global options that stand before everything else, and the rest.
  static func leading(_ words: [String]) -> (globals: [String], rest: [String]) {
    var index = 0
    while index < words.count, let count = globalWords(words[index]), index + count <= words.count {
      index += count
    }
    return (Array(words[..<index]), Array(words[index...]))
  }

  private static func subcommand(_ word: String, of level: any ParsableCommand.Type) -> (
    any ParsableCommand.Type
  )? {
    level.configuration.subcommands.first { $0.configuration.commandName == word }
  }

  /// How many words a global option takes, 1 or 2; nil for a word that is none.
  private static func globalWords(_ word: String) -> Int? {
    let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
    if GlobalOptions.valueNames.contains(name) { return word.contains("=") ? 1 : 2 }
    if GlobalOptions.flagNames.contains(word) { return 1 }
    let short = String(word.prefix(2))
    if word.count > 2, !word.hasPrefix("--"), GlobalOptions.valueNames.contains(short) { return 1 }
    return nil
  }
}
