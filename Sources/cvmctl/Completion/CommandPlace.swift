import ArgumentParser

/// Where some words lead in the tree of commands.
struct CommandPlace {
  /// The verb, or noun and subcommands.
  private(set) var path: [String] = []
  /// The arguments so far.
  private(set) var arguments: [String] = []
  /// The option whose value comes next.
  private(set) var pending: KnownOption?
  /// `--` was given: everything after it is an argument.
  private(set) var optionsEnded = false

  private var level: any ParsableCommand.Type = CVMCtl.self
  private static let help = "help"

  init(after words: [String]) {
    for word in words { read(word) }
  }

  /// The options that may stand here; after `help` none. The parser's help tells them, which takes it a while.
  var options: [KnownOption] { path.first == Self.help ? [] : Self.options(of: level) }

  /// The commands below this one; none where an argument was given already.
  var subcommands: [Candidate] {
    guard arguments.isEmpty, !optionsEnded else { return [] }
    let commands = level.configuration.subcommands.map { command in
      Candidate(value: Self.name(of: command), description: command.configuration.abstract)
    }
    return path.isEmpty ? commands + [Candidate(value: Self.help, description: "Show help.")] : commands
  }

  private mutating func read(_ word: String) {
    if pending != nil {
      pending = nil
    } else if optionsEnded {
      arguments.append(word)
    } else if word == "--" {
      optionsEnded = true
    } else if word.hasPrefix("-"), word != "-" {
      // `--output=json`, `-ojson`, or an unknown one is complete by itself.
      pending = options.first { $0.names.contains(word) && $0.takesValue }
    } else if let next = level.configuration.subcommands.first(where: { Self.name(of: $0) == word }),
      arguments.isEmpty
    {
      enter(next, as: word)
    } else if word == Self.help, path.isEmpty, arguments.isEmpty {
      path = [Self.help]
    } else {
      arguments.append(word)
    }
  }

  private mutating func enter(_ next: any ParsableCommand.Type, as word: String) {
    level = next
    path.append(word)
  }

  private static func name(of command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? ""
  }

  /// Global options stand before the verb too, where the parser's help does not list them.
  private static func options(of level: any ParsableCommand.Type) -> [KnownOption] {
    let own = KnownOption.all(inHelp: level.helpMessage(columns: 400))
    guard !level.configuration.subcommands.isEmpty else { return own }
    let known = Set(own.map(\.name))
    return KnownOption.all(inHelp: GlobalOptions.helpMessage(columns: 400))
      .filter { !known.contains($0.name) } + own
  }
}
