import ArgumentParser
import CVMCore

struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Launch policies: what the AMD-SP lets the host do with a guest.",
    subcommands: [
      PolicyListCommand.self, PolicyShowCommand.self, PolicyExplainCommand.self, PolicyCreateCommand.self,
      PolicyEditCommand.self, PolicyDeleteCommand.self, PolicyCheckCommand.self,
    ])
}

struct PolicyListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("list", "List the policies, the built-in ones first.")

  @Flag(help: "Every version, not the newest only.") var versions = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.show(.list(try global.core().policies(allVersions: versions).map(PolicyView.init)))
  }
}

struct PolicyShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show a policy.")

  @Argument(help: "A policy's name, NAME@VERSION, or a number.") var policy: String
  @OptionGroup var type: PolicyTypeOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let found = try global.core().policies(matching: policy, type: try type.launchType())
    try global.show(found.count == 1 ? .one(PolicyView(found[0])) : .list(found.map(PolicyView.init)))
  }
}

struct PolicyExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "explain", "Say bit by bit what a policy allows and forbids.")

  @Argument(help: "A policy's name, NAME@VERSION, or a number such as 0x5.") var policy: String
  @OptionGroup var type: PolicyTypeOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let wanted = try type.launchType()
    let explained = try global.core().policies(matching: policy, type: wanted)
    let output = try global.settings().output
    let explanations = explained.map(PolicyExplanation.init)
    try Terminal.out(
      explanations.count == 1 ? try explanations[0].text(output) : try output.text(of: .list(explanations)))
  }
}

struct PolicyCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("create", "Create a policy.")

  @Argument(help: "The new policy's name.") var name: String
  @Argument(help: "A number such as 0x7, or AMD's bit names: NODBG,NOKS,ES.") var value: String
  @OptionGroup var type: PolicyTypeOption
  @Option(help: "A line on what it is for.") var note = ""
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let policy = try global.core().createPolicy(name, value, type: try type.launchType(), note: note)
    try global.show(changed: policy, "created")
  }
}

struct PolicyEditCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "edit", "Make a new version of a policy. Guests keep the version they have.")

  @Argument(help: "The policy's name.") var name: String
  @Argument(help: "The new value.") var value: String
  @OptionGroup var type: PolicyTypeOption
  @Option(help: "A line on what it is for; the old one stays otherwise.") var note: String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let policy = try global.core().editPolicy(name, value, type: try type.launchType(), note: note)
    try global.show(changed: policy, "has version \(policy.version)")
  }
}

struct PolicyDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("delete", "Delete a policy that no guest uses.")

  @Argument(help: "The policy's name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let policy = try global.core().deletePolicy(name)
    try global.show(changed: policy, "deleted")
  }
}

struct PolicyCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "check", "Say whether a guest or a policy may be launched as it stands. Exit code 11 if not.")

  @Argument(help: "A guest, a policy's name, or a number.") var subject: String
  @OptionGroup var type: PolicyTypeOption
  @Flag(help: "Allow a policy that lets the host debug the guest.") var allowDebug = false
  @Flag(help: "Allow a policy that lets the host share the guest's key.") var allowKeySharing = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let policy = try global.core().checkPolicy(
      subject, type: try type.launchType(),
      consent: PolicyConsent(debug: allowDebug, keySharing: allowKeySharing))
    try global.show(changed: policy, "may be launched")
  }
}

/// The type that a policy number belongs to.
struct PolicyTypeOption: ParsableArguments {
  @Option(help: ArgumentHelp("sev, sev-es or sev-snp.", valueName: "type")) var type: String?

  func launchType() throws -> LaunchType? { try Self.parse(type) }

  static func parse(_ type: String?) throws -> LaunchType? {
    guard let type else { return nil }
    guard let known = LaunchType(rawValue: type) else { throw UsageError("--type is sev, sev-es or sev-snp") }
    return known
  }
}
