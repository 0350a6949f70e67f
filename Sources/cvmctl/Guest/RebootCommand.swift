import ArgumentParser
import CVMCore

struct RebootCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "reboot", "Ask a guest to reboot. A SEV-ES guest cannot: it ends, and start launches it anew.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let done = try guests.act(global, on: { $0.isActive }) { core, name in
      try core.perform(.reboot, on: name)
    }
    try global.show(acted: done, "is being rebooted")
  }
}
