import ArgumentParser
import CVMCore

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("resume", "Let a paused guest run.")

  @OptionGroup var guests: GuestArguments
  @Flag(help: "Say that the owner of the session, who has its keys, accepted the measurement.")
  var ownerAccepted = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let done = try guests.act(global, on: { $0.state == RunState.paused.rawValue }) {
      [ownerAccepted] core, name in
      try core.perform(.resume(ownerAccepted: ownerAccepted), on: name)
    }
    try global.show(acted: done, "resumed")
  }
}
