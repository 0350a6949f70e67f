import ArgumentParser
import CVMCore
import Vault

struct KeyRotateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "rotate", "Give a key a new version, or every key that is due, or the tenant a new KEK.")

  @Argument(help: "The key's name.") var name: String?
  @Option(help: ArgumentHelp("Bring the new version instead of making it.", valueName: "file")) var from:
    String?
  @Flag(help: "Every key that is due.") var due = false
  @Flag(help: "With --due: those of every active tenant.") var allTenants = false
  @Flag(help: "The tenant's KEK: its keys are wrapped anew. Goes on where it was interrupted.") var kek =
    false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard [name != nil, due, kek].filter({ $0 }).count == 1 else {
      throw ValidationError("give a key's name, --due or --kek")
    }
    guard from == nil || name != nil else { throw ValidationError("--from needs a key's name") }
    guard due || !allTenants else { throw ValidationError("--all-tenants needs --due") }
  }

  func run() throws {
    let core = try global.core()
    if kek {
      try global.show(.one(try core.rotateKEK()))
    } else if due {
      try rotateDue(core)
    } else if let name {
      let key = try core.rotateKey(name, from: from)
      try global.show(changed: key, "has version \(key.version)")
    }
  }
}

extension KeyRotateCommand {
  /// One tenant's failure does not keep the others' keys from being rotated.
  private func rotateDue(_ core: Core) throws {
    let tenants = try allTenants ? core.activeTenants() : [core.tenant]
    let done = try BulkAct.run(tenants, isOne: !allTenants, core) { core, tenant in
      try (tenant == core.tenant ? core : core.forTenant(tenant)).rotateKeysDue()
    }
    try done.show(try global.settings().output) { rotations in
      for key in rotations.flatMap(\.left) {
        let whose = allTenants ? " of tenant '\(key.tenant)'" : ""
        global.note("cvmctl: key '\(key.name)'\(whose) is due, but its next version has to be brought")
      }
      try global.show(.list(rotations.flatMap(\.rotated)))
    }
  }
}

struct KeyMigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "migrate", "Wrap all of the tenant's keys with another algorithm. Goes on where it was interrupted.")

  @Option(help: ArgumentHelp("x-wing or aes-256-gcm.", valueName: "algorithm")) var to: String
  @OptionGroup var global: GlobalOptions

  static let kinds: [KEKKind] = [.aes256GCM, .xWing]

  func run() throws {
    guard let kind = KEKKind(rawValue: to), Self.kinds.contains(kind) else {
      throw UsageError("--to is one of \(Self.kinds.map(\.rawValue).joined(separator: ", "))")
    }
    try global.show(.one(try global.core().migrateKeys(to: kind)))
  }
}

struct KeySuspendCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "suspend", "Stop the use of a key for anything new, until it is resumed.")

  @Argument(help: "The key's name, or NAME@VERSION for that version only.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try KeyReference(name)
    try global.show(changed: try global.core().suspendKey(key.name, version: key.version), "suspended")
  }
}

struct KeyResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "resume", "Let a suspended key be used again, or one whose time has not begun.")

  @Argument(help: "The key's name, or NAME@VERSION for that version only.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try KeyReference(name)
    try global.show(changed: try global.core().resumeKey(key.name, version: key.version), "resumed")
  }
}

struct KeyRevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "revoke", "End the use of a key: nothing new is done with it, no launch is given it.")

  @Argument(help: "The key's name, or NAME@VERSION for that version only.") var name: String
  @Option(help: ArgumentHelp("compromised, superseded or ceased.", valueName: "reason")) var reason: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard let why = KeyRevocation(rawValue: reason) else {
      throw UsageError(
        "--reason is one of \(KeyRevocation.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    let key = try KeyReference(name)
    let revoked = try global.core().revokeKey(key.name, version: key.version, because: why)
    try global.show(changed: revoked, "revoked")
  }
}

struct KeyDestroyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "destroy", "Erase a key for good: what it encrypted can then be read by nobody.")

  @Argument(help: "The key's name, or NAME@VERSION for that version only.") var name: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try KeyReference(name)
    let destroyed = try global.core().destroyKey(key.name, version: key.version)
    try global.show(changed: destroyed, "destroyed")
  }
}
