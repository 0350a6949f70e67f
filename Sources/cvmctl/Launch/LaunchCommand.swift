import ArgumentParser
import CVMCore

struct LaunchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch", abstract: "Launch records: what was expected, what was measured, how it ended.",
    subcommands: [LaunchShowCommand.self, LaunchHistoryCommand.self, LaunchVerifyCommand.self])
}

struct LaunchShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "show", "Show a guest's latest launch, or one launch by its id.")

  @Argument(help: "A guest, or a launch's id.") var guest: String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try global.core().launchRecord(guest))) }
}

struct LaunchHistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("history", "List launches, the latest first.")

  @Argument(help: "A guest; all guests without it.") var guest: String?
  @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 100
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (1...1_000_000).contains(limit) else {
      throw ValidationError("--limit is a number between 1 and 1000000")
    }
  }

  func run() throws { try global.show(.list(try global.core().launchHistory(guest, limit: limit))) }
}
