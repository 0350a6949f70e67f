import ArgumentParser

/// A command line whose global options stand behind the verb.
struct SettledWords {
  /// What the verbs name; the root or a noun where they name no more.
  let command: any ParsableCommand.Type
  let verbs: [String]
  /// As `measure record list`, below two commands that do something themselves.
  let isBelowAVerb: Bool
  let arguments: [String]

  /// The command, ready to run. Throws the parser's errors, and help, which it takes for one.
  func parsed() throws -> any ParsableCommand {
    // The parser looks at every command on the way from the root: starting at the end takes it a third of the time. Only
    // from the root it knows how to word an error, and help, which it takes for another command.
    if command.doesSomething, let parsed = try? command.parseAsRoot(arguments),
      type(of: parsed) == command
    {
      return parsed
    }
    // On its way from the root it would take the help and the demands of a verb for those of what is below it.
    return isBelowAVerb ? try command.parseAsRoot(arguments) : try CVMCtl.parseAsRoot(verbs + arguments)
  }
}

extension ParsableCommand {
  /// Most commands either do something or have others below them; `measure` and `measure record` are both.
  static var doesSomething: Bool {
    configuration.subcommands.isEmpty || configuration._superCommandName != nil
  }
}

extension CommandConfiguration {
  /// Of a command that does something. It counts as a command of another one, so that the parser, which starts at it, spares
  /// its search for `--generate-completion-script`: that is as much work as everything else it does.
  /// - Parameters:
  ///   - verbs: what stands before it, where that does something itself.
  ///   - subcommands: what else begins with its words.
  static func verb(
    _ name: String, _ abstract: String, below verbs: String? = nil,
    subcommands: [any ParsableCommand.Type] = []
  ) -> CommandConfiguration {
    CommandConfiguration(
      commandName: name, _superCommandName: "cvmctl" + (verbs.map { " " + $0 } ?? ""), abstract: abstract,
      subcommands: subcommands)
  }
}
