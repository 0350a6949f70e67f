import ArgumentParser
import CVMCore

struct ShutdownCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("shutdown", "Ask a guest to power off.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let done = try guests.act(global, on: { $0.isActive }) { core, name in
      try core.perform(.shutdown, on: name)
    }
    try global.show(acted: done, "is being shut down")
  }
}
