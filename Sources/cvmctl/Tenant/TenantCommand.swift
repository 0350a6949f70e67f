import ArgumentParser
import CVMCore

struct TenantCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tenant", abstract: "Tenants: who owns guests, keys, policies and records.",
    subcommands: [
      TenantCreateCommand.self, TenantListCommand.self, TenantShowCommand.self, TenantLabelCommand.self,
      TenantSuspendCommand.self, TenantResumeCommand.self, TenantDeleteCommand.self,
      TenantDestroyCommand.self, TenantTokenCommand.self,
    ])
}

struct TenantCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("create", "Create a tenant.")

  @Argument(help: "The new tenant's name: lower-case letters, digits and hyphens.") var name: String
  @Option(name: .long, parsing: .singleValue, help: ArgumentHelp("A label to set.", valueName: "key=value"))
  var label: [String] = []
  @Option(
    help: ArgumentHelp(
      "A recipient's file: the tenant alone can open its keys, the vault only seals them.", valueName: "file")
  )
  var holdYourOwnKey: String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let tenant = try global.core().createTenant(
      name, labels: try LabelOption.parse(label), holder: holdYourOwnKey)
    try global.show(changed: tenant, "created")
  }
}

struct TenantListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("list", "List the tenants.")

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Tenants with this label; several must all match.", valueName: "key=value"))
  var label: [String] = []
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let labels = try LabelOption.parse(label)
    let tenants = try global.core().tenants().filter { tenant in
      labels.allSatisfy { tenant.labels[$0.key] == $0.value }
    }
    try global.show(.list(tenants))
  }
}

struct TenantShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show a tenant.")

  @Argument(help: "The tenant's name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try global.core().tenantOverview(name))) }
}

struct TenantLabelCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("label", "Set labels of a tenant, or remove them.")

  @Argument(help: "The tenant's name.") var name: String
  @Argument(help: ArgumentHelp("Labels to set.", valueName: "key=value")) var labels: [String] = []
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("A label to remove; several may be given.", valueName: "key"))
  var remove: [String] = []
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if labels.isEmpty && remove.isEmpty { throw ValidationError("give KEY=VALUE or --remove KEY") }
  }

  func run() throws {
    let tenant = try global.core().labelTenant(name, try LabelOption.parse(labels), removing: remove)
    try global.show(changed: tenant, "labelled")
  }
}

struct TenantSuspendCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "suspend", "Suspend a tenant: its guests don't start and its keys don't open. What runs goes on running.")

  @Argument(help: "The tenant's name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(changed: try global.core().suspendTenant(name), "suspended") }
}

struct TenantResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("resume", "Let a suspended tenant go on.")

  @Argument(help: "The tenant's name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(changed: try global.core().resumeTenant(name), "resumed") }
}

struct TenantDeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "delete", "Delete a tenant that owns nothing, or a destroyed one without guests.")

  @Argument(help: "The tenant's name.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(changed: try global.core().deleteTenant(name), "deleted") }
}

extension GlobalOptions {
  /// What became of a tenant.
  func show(changed tenant: TenantOverview, _ past: String) throws {
    try show(.one(tenant), orSay: "Tenant '\(tenant.name)' \(past)")
  }

  /// A value in the formats for programs, a line for people.
  func show<Value: Renderable>(_ shown: Shown<Value>, orSay line: String) throws {
    switch try settings().output {
    case .json, .yaml, .name: try show(shown)
    case .table, .wide: if !quiet { try Terminal.out(TerminalSafe.escape(line) + "\n") }
    }
  }
}
