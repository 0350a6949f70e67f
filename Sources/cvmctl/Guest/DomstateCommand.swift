import ArgumentParser
import CVMCore

struct DomstateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("domstate", "Show what a guest is doing.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @Flag(help: "Say why as well.") var reason = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let state = try global.core().summary(guest)
    let text = reason ? "\(state.state) (\(state.reason ?? "unknown"))\n" : state.state + "\n"
    try global.show(document: text, as: state)
  }
}
