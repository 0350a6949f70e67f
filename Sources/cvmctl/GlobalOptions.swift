import ArgumentParser
import CVMCore

/// The options of every command.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("The host: any libvirt URI, or sim:///[HOST] for a simulated one.", valueName: "uri"))
  var connect: String?

  @Option(name: [.customShort("t"), .long], help: ArgumentHelp("The tenant to act for.", valueName: "name"))
  var tenant: String?

  @Option(name: [.customShort("o"), .long], help: "table, wide, json, yaml or name.")
  var output: OutputFormat?

  @Option(help: ArgumentHelp("Where guests, keys and records are kept.", valueName: "dir"))
  var stateDir: String?

  @Flag(name: [.customShort("r"), .long], help: "Change nothing; connect read-only.")
  var readonly = false

  @Flag(name: [.customShort("q"), .long], help: "Print results and errors only.")
  var quiet = false

  @Option(help: ArgumentHelp("Give up after so many seconds (default 30).", valueName: "seconds"))
  var timeout: String?

  @Option(help: ArgumentHelp("error, warning, info or debug.", valueName: "level"))
  var logLevel: LogLevel?

  @Flag(help: "Show what lies behind an error.")
  var debug = false

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(help: "No progress lines.")
  var noProgress = false

  @Flag(name: [.customShort("y"), .long], help: "Take yes for an answer.")
  var yes = false

  static let valueNames: Set<String> = [
    "-c", "--connect", "-t", "--tenant", "-o", "--output", "--state-dir", "--timeout", "--log-level",
  ]
  static let flagNames: Set<String> = [
    "-r", "--readonly", "-q", "--quiet", "--debug", "--no-color", "--no-progress", "-y", "--yes",
  ]
}

enum LogLevel: String, CaseIterable, ExpressibleByArgument, Comparable, Sendable {
  case error, warning, info, debug

  static func < (left: LogLevel, right: LogLevel) -> Bool {
    guard let first = allCases.firstIndex(of: left), let second = allCases.firstIndex(of: right) else {
      return false
    }
    return first < second
  }
}

extension GlobalOptions {
  /// The settings in force, from the command line, the environment and the configuration files.
  func settings() throws -> Settings { try Settings.resolve(self) }

  /// The core, acting for the tenant at the host that the settings name.
  func core() throws -> Core { try settings().core() }

  func show<Value: Renderable>(_ shown: Shown<Value>) throws {
    try Terminal.out(try settings().output.text(of: shown))
  }

  /// Shows a document or a single word, which JSON and YAML wrap in `value`.
  func show(document text: String, as value: some Encodable) throws {
    try Terminal.out(try settings().output.text(ofDocument: text, as: value))
  }

  /// A line for people on standard error, dropped by `--quiet`.
  func note(_ text: String) {
    if !quiet { Terminal.note(TerminalSafe.escape(text)) }
  }

  /// Progress is for people: with JSON or YAML standard error holds the error object alone.
  func showsProgress() throws -> Bool {
    let output = try settings().output
    return !quiet && !noProgress && (output == .table || output == .wide)
  }
}
