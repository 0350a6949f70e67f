import ArgumentParser

struct SimCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim",
    abstract: "Simulated hosts: a simulated AMD-SP that computes everything as the hardware would.",
    subcommands: [SimHostCommand.self, SimMemoryCommand.self])
}

struct SimHostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host", abstract: "Simulated hosts, each with a simulated AMD-SP of its own.",
    subcommands: [
      SimHostCreateCommand.self, SimHostListCommand.self, SimHostShowCommand.self, SimHostDeleteCommand.self,
    ])
}
