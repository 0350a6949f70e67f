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

  @Flag(help: "Keys of every active tenant.") var allTenants = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    guard allTenants else { return try global.show(.list(try core.keysDue())) }
    try global.show(.list(try core.activeTenants().flatMap { try core.forTenant($0).keysDue() }))
  }
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
