import ArgumentParser
import CVMCore

struct KeyListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("list", "List the tenant's keys.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.list(try global.core().keys())) }
}

struct KeyDueCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "due", "List the keys whose policy asks for a new version.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.list(try global.core().keysDue())) }
}

struct KeyShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "show", "Show a key's versions, and the guests and launches that use it.")

  @Argument(help: "The key's name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let details = try global.core().keyDetails(name)
    let output = try global.settings().output
    try Terminal.out(try details.text(output))
  }
}
