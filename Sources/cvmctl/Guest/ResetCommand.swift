import ArgumentParser
import CVMCore

struct ResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset", abstract: "Reset a guest as its reset button would. A SEV-ES guest ends instead.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let settings = try global.settings()
    let names = try guests.names(core) { $0.isActive }
    let done = try BulkAct.run(names, jobs: guests.jobs, core, settings) { core, name in
      try core.perform(.reset, on: name)
    }
    try global.show(acted: done, "was reset")
  }
}
