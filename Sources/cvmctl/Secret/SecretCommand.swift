import ArgumentParser
import CVMCore

struct SecretCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secret",
    abstract: "Launch secrets: encrypted to one launch, given after its measurement matched.",
    subcommands: [SecretBuildCommand.self, SecretShowCommand.self, SecretInjectCommand.self])
}

struct SecretBuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "build", "Encrypt secrets for a launch: PREFIX_header.bin and PREFIX_payload.bin.")

  @Option(help: ArgumentHelp("The transport integrity key, 16 raw bytes.", valueName: "file")) var tik: String
  @Option(help: ArgumentHelp("The transport encryption key, 16 raw bytes.", valueName: "file")) var tek:
    String
  @Option(help: ArgumentHelp("The launch's measurement.", valueName: "base64")) var measurement: String
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("A secret: its GUID or luks-key, and the file that holds it.", valueName: "guid:file"))
  var secret: [String]
  @Option(help: ArgumentHelp("How the files' names begin.", valueName: "prefix")) var out: String
  @Option(
    help: ArgumentHelp("The firmware, to check that its secret area is large enough.", valueName: "file"))
  var firmware: String?
  @Flag(help: "Write base64, as virsh wants it, instead of raw bytes.") var base64 = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let built = try SecretFiles.build(
      tikFile: tik, tekFile: tek, measurement: measurement, secrets: try secret.map(Self.source),
      firmware: firmware,
      prefix: out, base64: base64)
    try global.show(.one(built))
  }

  private static func source(_ text: String) throws -> SecretSource {
    guard let colon = text.firstIndex(of: ":") else {
      throw UsageError("--secret is GUID:FILE or luks-key:FILE")
    }
    let path = String(text[text.index(after: colon)...])
    guard !path.isEmpty else { throw UsageError("--secret is GUID:FILE or luks-key:FILE") }
    return SecretSource(name: String(text[..<colon]), path: path)
  }
}

struct SecretShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "show", "Show a packet's header; with the keys, check it and list its secrets' GUIDs and sizes.")

  @Argument(help: "How the files' names begin.") var prefix: String
  @Option(help: ArgumentHelp("The transport integrity key, 16 raw bytes.", valueName: "file")) var tik:
    String?
  @Option(help: ArgumentHelp("The transport encryption key, 16 raw bytes.", valueName: "file")) var tek:
    String?
  @Option(help: ArgumentHelp("The launch's measurement.", valueName: "base64")) var measurement: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    let given = [tik, tek, measurement].compactMap { $0 }
    guard given.isEmpty || given.count == 3 else {
      throw ValidationError("--tik, --tek and --measurement go together")
    }
  }

  func run() throws {
    try global.show(
      .one(try SecretFiles.describe(prefix: prefix, tikFile: tik, tekFile: tek, measurement: measurement)))
  }
}

struct SecretInjectCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "inject", "Give secrets to a guest that was started --paused and whose measurement matched. Once only.")

  @Argument(help: "A guest.") var guest: String
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("A secret by name, GUID or luks-key; or NAME=key:KEY.", valueName: "name=@file"))
  var secret: [String] = []
  @Option(help: ArgumentHelp("A packet made by 'secret build'.", valueName: "prefix")) var packet: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard secret.isEmpty != (packet == nil) else {
      throw ValidationError("give --secret NAME=@FILE or --packet PREFIX")
    }
  }

  func run() throws {
    let secrets = try secret.map(SecretArgument.parse)
    let record = try global.core().injectSecrets(
      packet.map { .packet(prefix: $0) } ?? .secrets(secrets), into: guest)
    let output = try global.settings().output
    switch output {
    case .json, .yaml: try Terminal.out(try output.text(of: .one(record)))
    case .table, .wide, .name:
      guard !global.quiet else { return }
      try Terminal.out(
        "Guest '\(TerminalSafe.escape(record.guest))' has its secrets (\(record.secretsInjected))\n")
    }
  }
}
