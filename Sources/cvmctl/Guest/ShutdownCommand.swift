import ArgumentParser
import CVMCore

struct ShutdownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shutdown", abstract: "Ask a guest to power off.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let settings = try global.settings()
    let names = try guests.names(core) { $0.isActive }
    let done = try BulkAct.run(names, jobs: guests.jobs, core, settings) { core, name in
      try core.perform(.shutdown, on: name)
    }
    try global.show(acted: done, "is being shut down")
  }
}
