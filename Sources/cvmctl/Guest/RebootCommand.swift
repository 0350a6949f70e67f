import ArgumentParser
import CVMCore

struct RebootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reboot",
    abstract: "Ask a guest to reboot. A SEV-ES guest cannot: it ends, and start launches it anew.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let settings = try global.settings()
    let names = try guests.names(core) { $0.isActive }
    let done = try BulkAct.run(names, jobs: guests.jobs, core, settings) { core, name in
      try core.perform(.reboot, on: name)
    }
    try global.show(acted: done, "is being rebooted")
  }
}
