import ArgumentParser
import CVMCore
import StateStore

struct StateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "state", abstract: "The state directory: where it is, whether it is whole, a copy of it.",
    subcommands: [
      StateWhereCommand.self, StateCheckCommand.self, StateBackupCommand.self, StateRestoreCommand.self,
    ])
}

struct StateWhereCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "where", "Show where the state is, and what says so. Makes nothing.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(StatePlace(try global.settings()))) }
}

struct StateCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "check", "Look at everything in the state directory; change nothing.")

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let rows = try core.checkState()
    try global.show(.list(rows))
    guard let bad = rows.first(where: { $0.outcome == .bad }) else { return }
    throw CoreError.store(.corrupt(file: core.stateDirectory, reason: "\(bad.check): \(bad.detail)"))
  }
}

struct StateBackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "backup", "Write a consistent copy of the store and the root key into one new file.")

  @Argument(help: "The new file, which only its owner can read.") var file: String
  @Flag(help: "Leave the root key out: it is kept elsewhere.") var withoutRootKey = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let backup = try global.core().backUpState(to: file, withRootKey: !withoutRootKey)
    try global.show(.one(backup), orSay: "State backed up to \(backup.file)")
  }
}

struct StateRestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "restore", "Put a backup in the place of the state directory.")

  @Argument(help: "What 'state backup' wrote.") var file: String
  @Flag(help: "Set a state aside that is there.") var force = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let settings = try global.settings()
    // Before there is a store nobody can tell whose a credential is.
    guard settings.tokenFile == nil else {
      throw CoreError.forbidden(
        "a tenant's credential does not allow to restore the state", hint: "the operator can")
    }
    guard !settings.readOnly else {
      throw CoreError.backend(.permission(reason: "--readonly forbids changes"))
    }
    let backup = try StateRestore.run(
      file, to: settings["state-dir"], replacing: force, timeout: settings.timeout)
    // With JSON or YAML standard error is for errors alone.
    if settings.output == .table || settings.output == .wide {
      global.note(
        "the state is of \(backup.madeAt): what was done later is not in it, and anchors made later say so")
    }
    try global.show(.one(backup), orSay: "State restored to \(backup.directory)")
  }
}
