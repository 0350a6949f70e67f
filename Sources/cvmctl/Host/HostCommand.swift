import ArgumentParser
import CVMCore

struct HostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host", abstract: "What a host can do, and the certificates that its AMD-SP is known by.",
    subcommands: [HostCheckCommand.self, HostInfoCommand.self, HostCertsCommand.self])
}

struct HostCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "check",
    "Say line by line what this host can do, what is missing, and the fix. Exit code 5 if it cannot launch the type."
  )

  @Option(help: ArgumentHelp("The type that must work: sev (default), sev-es or sev-snp.", valueName: "type"))
  var type = "sev"
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard let type = LaunchType(rawValue: type) else { throw UsageError("--type is sev, sev-es or sev-snp") }
    let report = try global.core().checkHost(for: type)
    let output = try global.settings().output
    switch output {
    case .json, .yaml: try Terminal.out(try output.text(of: .one(report)))
    case .table, .wide, .name: try Terminal.out(try output.text(of: .list(report.checks)))
    }
    guard report.ready else {
      throw CoreError.unsupported("this host cannot launch \(type.rawValue) guests", hint: report.firstFix)
    }
  }
}

struct HostInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "info", "Show the platform: firmware, identity, limits, and whether its certificates verify.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try global.core().hostInfo())) }
}
