import ArgumentParser
import CVMCore

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "resume", abstract: "Let a paused guest run.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let settings = try global.settings()
    let names = try guests.names(core) { $0.state == RunState.paused.rawValue }
    let done = try BulkAct.run(names, jobs: guests.jobs, core, settings) { core, name in
      try core.perform(.resume, on: name)
    }
    try global.show(acted: done, "resumed")
  }
}
