import ArgumentParser
import Bytes
import CVMCore

struct MeasureRecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "record", "Record what a launch has to measure, signed: a reference value, to be used by its name.",
    below: "measure",
    subcommands: [
      MeasureRecordListCommand.self, MeasureRecordShowCommand.self, MeasureRecordExportCommand.self,
      MeasureRecordImportCommand.self, MeasureRecordDeleteCommand.self,
    ])

  @Argument(help: "The reference value's name; a new version where there is one of this name.") var name:
    String?
  @Option(help: ArgumentHelp("A defined guest.", valueName: "name")) var guest: String?
  @Option(help: ArgumentHelp("Domain XML or a YAML guest file, or - for standard input.", valueName: "file"))
  var guestFile: String?
  @Option(help: ArgumentHelp("A digest that was predicted elsewhere.", valueName: "hex")) var digest: String?
  @Option(help: ArgumentHelp("With --digest: sev, sev-es or sev-snp.", valueName: "type")) var type: String?
  @Option(help: ArgumentHelp("With --digest: the launch policy, decimal or 0x….", valueName: "policy"))
  var policy: String?
  @OptionGroup var validity: ReferenceValidityOptions
  @OptionGroup var signing: ReferenceSigningOption
  @OptionGroup var references: ReferenceOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard let name else {
      throw UsageError(
        "the reference value's name is missing", hint: "cvmctl measure record --guest GUEST NAME")
    }
    let source = try source()
    let value = try global.core().recordReference(
      name, source, key: signing.signingKey, try validity.validity(), toolVersion: Product.version)
    try global.show(changed: value, "recorded")
  }

  private func source() throws -> ReferenceSource {
    guard [guest, guestFile, digest].count(where: { $0 != nil }) == 1 else {
      throw UsageError("give --guest, --guest-file, or --digest and --type")
    }
    guard digest != nil || (type == nil && policy == nil) else {
      throw UsageError("--type and --policy go with --digest: the definition says them otherwise")
    }
    if let digest { return .stated(try stated(digest)) }
    let files = try references.files()
    if let guest { return .guest(guest, files) }
    return .definition(DefinitionSource(guestFile ?? "-"), files)
  }

  private func stated(_ digest: String) throws -> LaunchFacts {
    guard let type = type.flatMap(LaunchType.init(rawValue:)) else {
      throw UsageError("--digest needs --type: sev, sev-es or sev-snp")
    }
    guard let bytes = Hex.decode(digest) else { throw UsageError("--digest is not hexadecimal") }
    return try LaunchFacts(type: type, policy: try policy.map { try value($0, of: type) }, digest: bytes)
  }

  /// Of 32 bits for SEV and SEV-ES.
  private func value(_ text: String, of type: LaunchType) throws -> PolicyValue {
    guard type != .sevSNP else {
      return PolicyValue(type: type, rawValue: try Number.unsigned(text, "--policy"))
    }
    let number: UInt32 = try Number.unsigned(text, "--policy")
    return PolicyValue(type: type, rawValue: UInt64(number))
  }
}

/// Who signs a reference value.
struct ReferenceSigningOption: ParsableArguments {
  @Option(help: ArgumentHelp("A hybrid key that signs it, instead of reference-values.", valueName: "name"))
  var signingKey: String?
}

/// When a reference value can be used.
struct ReferenceValidityOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The moment from which it is valid: RFC 3339, or a day.", valueName: "time"))
  var validFrom: String?
  @Option(help: ArgumentHelp("The moment from which it no longer is.", valueName: "time"))
  var validUntil: String?

  func validity() throws -> ReferenceValidity {
    try ReferenceValidity(
      from: try validFrom.map { try KeyTime.parse($0) }, until: try validUntil.map { try KeyTime.parse($0) })
  }
}

struct MeasureRecordListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "list", "List the tenant's reference values.",
    below: "measure record")

  @Flag(help: "Every version, not the newest only.") var versions = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let values = try global.core().referenceValues(allVersions: versions)
    try global.show(.list(values.map { ReferenceValueView($0) }))
  }
}

struct MeasureRecordShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "show", "Show a reference value with all that its digest was predicted from.",
    below: "measure record")

  @Argument(help: "Its name, or NAME@VERSION; the newest version otherwise.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let shown = try global.core().referenceValue(name)
    try global.show(.one(ReferenceValueView(shown.value, signature: shown.signature)))
  }
}

struct MeasureRecordExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "export", "Write a reference value to a new file, for another verifier.",
    below: "measure record")

  @Argument(help: "Its name, or NAME@VERSION; the newest version otherwise.") var name: String
  @Option(help: ArgumentHelp("The new file.", valueName: "file")) var out: String
  @Option(help: ArgumentHelp("json, which is signed; or corim or rvps, which are not.", valueName: "format"))
  var format = "json"
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard let form = ReferenceForm(rawValue: format) else {
      throw UsageError("--format is json, corim or rvps")
    }
    try global.show(changed: try global.core().exportReference(name, form, to: out), "exported")
  }
}

struct MeasureRecordImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "import", "Take in a reference value that another tenant signed and exported as JSON.",
    below: "measure record")

  @Argument(help: "The file that measure record export wrote.") var file: String
  @Option(help: ArgumentHelp("The name here; its own otherwise.", valueName: "name")) var name: String?
  @Option(
    help: ArgumentHelp(
      "Whose signatures are believed: a hybrid key of key export --public.", valueName: "file"))
  var key: String?
  @OptionGroup var signing: ReferenceSigningOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let value = try global.core().importReference(
      file, as: name, keyFile: key, key: signing.signingKey)
    try global.show(changed: value, "imported")
  }
}

struct MeasureRecordDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "delete", "Delete a reference value: one version of it, or all. Launch records keep its name.",
    below: "measure record")

  @Argument(help: "Its name, or NAME@VERSION for one version.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let deleted = try global.core().deleteReference(name)
    try global.show(changed: deleted, "deleted")
  }
}
