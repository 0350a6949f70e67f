import ArgumentParser
import CVMCore

struct SuspendCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("suspend", "Pause a running guest.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let done = try guests.act(global, on: { $0.isActive }) { core, name in
      try core.perform(.suspend, on: name)
    }
    try global.show(acted: done, "suspended")
  }
}
