import ArgumentParser
import CVMCore
import Documents

struct DefineCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "define", "Define a guest from libvirt domain XML or a YAML guest file.")

  @Argument(help: "A file, or - for standard input.") var files: [String]
  @Flag(help: "Print the domain XML that would be defined, and change nothing.") var dryRun = false
  @OptionGroup var overrides: DefinitionOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let overrides = try self.overrides.overrides()
    guard !dryRun else { return try plan(core, overrides) }
    let guests = try BulkAct.run(files, isOne: files.count == 1, core) { core, file in
      try core.define(DefinitionSource(file), overrides)
    }
    try global.show(acted: guests, "defined")
  }

  private func plan(_ core: Core, _ overrides: DefinitionOverrides) throws {
    let documents = try files.map { file in
      let plan = try core.planDefinition(DefinitionSource(file), overrides)
      return DomainDocument(name: plan.definition.name, xml: plan.xml, simulated: false)
    }
    if files.count == 1, let document = documents.first {
      try global.show(document: document.xml, as: document)
    } else {
      try global.show(document: documents.map(\.xml).joined(), as: documents)
    }
  }
}

/// What the command line sets in a definition, over what the file says.
struct DefinitionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The launch type: sev, sev-es or sev-snp.", valueName: "type")) var type: String?
  @Option(help: ArgumentHelp("The launch policy, by name or number.", valueName: "policy")) var policy:
    String?
  @Option(
    name: .long, parsing: .singleValue, help: ArgumentHelp("A label to set.", valueName: "key=value"))
  var label: [String] = []

  func overrides() throws -> DefinitionOverrides {
    let launchType = try type.map { word in
      guard let type = LaunchType(rawValue: word) else {
        throw UsageError("--type is sev, sev-es or sev-snp")
      }
      return type
    }
    let labels = Dictionary(try LabelOption.parse(label).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    return DefinitionOverrides(type: launchType, policy: policy, labels: labels)
  }
}

/// A domain document with its guest's name.
struct DomainDocument: Encodable {
  let name: String
  let xml: String
  let simulated: Bool
}
