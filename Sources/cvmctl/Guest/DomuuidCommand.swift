import ArgumentParser
import CVMCore

struct DomuuidCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("domuuid", "Show a guest's UUID.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let state = try global.core().summary(guest)
    try global.show(document: state.uuid.rawValue + "\n", as: state)
  }
}
