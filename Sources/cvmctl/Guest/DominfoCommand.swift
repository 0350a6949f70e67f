import ArgumentParser
import CVMCore

struct DominfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("dominfo", "Show what a guest has and is doing.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.show(.one(try global.core().details(guest)))
  }
}
