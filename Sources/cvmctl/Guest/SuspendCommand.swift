import ArgumentParser
import CVMCore

struct SuspendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "suspend", abstract: "Pause a running guest.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let settings = try global.settings()
    let names = try guests.names(core) { $0.isActive }
    let done = try BulkAct.run(names, jobs: guests.jobs, core, settings) { core, name in
      try core.perform(.suspend, on: name)
    }
    try global.show(acted: done, "suspended")
  }
}
