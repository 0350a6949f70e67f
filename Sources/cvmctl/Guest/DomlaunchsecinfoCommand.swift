import ArgumentParser
import CVMCore

struct DomlaunchsecinfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "domlaunchsecinfo", "Show what the AMD-SP says of a guest's launch.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.show(.one(try global.core().launchSecurity(guest)))
  }
}
