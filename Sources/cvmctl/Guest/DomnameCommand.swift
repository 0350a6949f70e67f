import ArgumentParser
import CVMCore

struct DomnameCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "domname", "Show the name of the guest with an id or UUID.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let state = try global.core().summary(guest)
    try global.show(document: state.name + "\n", as: state)
  }
}
