import ArgumentParser
import CVMCore

struct DestroyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("destroy", "End a guest at once.")

  @OptionGroup var guests: GuestArguments
  @Flag(help: "Fail rather than kill the emulator by force.") var graceful = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let done = try guests.act(global, on: { $0.isActive }) { [graceful] core, name in
      try core.perform(.destroy(graceful: graceful), on: name)
    }
    try global.show(acted: done, "destroyed")
  }
}
