import ArgumentParser
import CVMCore

struct DomidCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("domid", "Show a guest's id.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let state = try global.core().summary(guest)
    try global.show(document: (state.id.map(String.init) ?? "-") + "\n", as: state)
  }
}
