import ArgumentParser
import CVMCore

struct SessionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Launch sessions: the owner's half of a launch.",
    subcommands: [SessionCreateCommand.self, SessionShowCommand.self, SessionVerifyCommand.self])
}

struct SessionCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "create",
    "Make a session for one launch on one platform: PREFIX_godh.b64, _session.b64, _tek.bin, _tik.bin.")

  @Option(
    help: ArgumentHelp(
      "The platform's PDH certificate, raw (2084 bytes) or with its chain.", valueName: "file"))
  var pdh: String?
  @Option(help: ArgumentHelp("A host to ask for its PDH; its chain must verify.", valueName: "uri")) var host:
    String?
  @Option(help: ArgumentHelp("The launch policy: a name, a number, or AMD's bit names.", valueName: "policy"))
  var policy: String
  @Option(help: ArgumentHelp("sev or sev-es, for a policy's name.", valueName: "type")) var type: String?
  @Option(help: ArgumentHelp("How the files' names begin.", valueName: "prefix")) var out: String
  @Option(help: ArgumentHelp("ASK and ARK, to verify the chain in --pdh with.", valueName: "file")) var ca:
    String?
  @Flag(help: "Allow a policy that lets the host debug the guest.") var allowDebug = false
  @Flag(help: "Allow a policy that lets the host share the guest's key.") var allowKeySharing = false
  @Flag(help: "Accept a simulated host.") var allowSimulated = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (pdh == nil) != (host == nil) else { throw ValidationError("give --pdh or --host") }
    guard ca == nil || pdh != nil else { throw ValidationError("--ca needs --pdh") }
  }

  func run() throws {
    let settings = try global.settings()
    let core = try settings.core(uri: host)
    let launchType = try PolicyTypeOption.parse(type)
    let consent = PolicyConsent(debug: allowDebug, keySharing: allowKeySharing)
    let source: PlatformSource =
      pdh.map { .files(pdh: $0, ca: ca, allowsSimulated: allowSimulated) }
      ?? .host(allowsSimulated: allowSimulated)
    let session = try core.createSession(
      for: source, policy: policy, type: launchType, consent: consent, prefix: out)
    if !session.platformVerified {
      global.note("warning: the PDH's chain was not verified: anyone could have made this certificate")
    }
    try global.show(.one(session))
  }
}

struct SessionShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show what is in a session's files.")

  @Argument(help: "How the files' names begin.") var prefix: String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try SessionFiles.describe(prefix: prefix))) }
}

struct SessionVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "verify", "Check that a session's files belong together and fit a policy.")

  @Argument(help: "How the files' names begin.") var prefix: String
  @Option(help: ArgumentHelp("The launch policy that the session was made for.", valueName: "policy"))
  var policy: String
  @Option(help: ArgumentHelp("sev or sev-es, for a policy's name.", valueName: "type")) var type: String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let verified = try global.core().verifySession(
      prefix: prefix, policy: policy, type: try PolicyTypeOption.parse(type))
    try global.show(.one(verified))
  }
}
