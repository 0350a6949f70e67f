import ArgumentParser
import CVMCore

struct ResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "reset", "Reset a guest as its reset button would. A SEV-ES guest ends instead.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let done = try guests.act(global, on: { $0.isActive }) { core, name in
      try core.perform(.reset, on: name)
    }
    try global.show(acted: done, "was reset")
  }
}
