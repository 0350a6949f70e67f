import ArgumentParser
import CVMCore
import Vault

struct VaultCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault", abstract: "The root key: what seals it, and who opens it.",
    subcommands: [
      VaultInitCommand.self, VaultUnlockCommand.self, VaultLockCommand.self, VaultRekeyCommand.self,
      VaultStatusCommand.self, VaultAgentCommand.self,
    ])
}

struct VaultInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "init", "Make the root key under a seal, before anything is kept under it.")

  @OptionGroup var seal: NewSealOptions
  @Flag(help: "The root key that keys hang on is lost: they stay closed until key recover.")
  var replaceLost = false
  @OptionGroup var global: GlobalOptions

  func validate() throws { try seal.check() }

  func run() throws {
    let core = try global.core()
    if try core.vaultStatus().state != .absent, !replaceLost {
      throw CoreError.conflict(
        "the vault has a root key already", hint: "move it under another seal: cvmctl vault rekey --seal KIND"
      )
    }
    let status = try core.initializeVault(
      under: try seal.newSeal(), sharesIn: seal.out, replacesLost: replaceLost)
    try global.show(.one(status), orSay: "Vault made, sealed by \(status.seal)")
  }
}

struct VaultRekeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "rekey", "Put the root key under another seal, or a fresh one in its place.")

  @OptionGroup var seal: NewSealOptions
  @Flag(help: "A fresh root key; wrap anew what hangs from the old one, which is gone afterwards.")
  var newRoot =
    false
  @OptionGroup var global: GlobalOptions

  func validate() throws { try seal.check() }

  func run() throws {
    let core = try global.core()
    try core.requireOpenVault()
    let fresh = try seal.newSeal()
    let status =
      newRoot
      ? try core.renewRoot(under: fresh, sharesIn: seal.out)
      : try core.rekeyVault(under: fresh, sharesIn: seal.out)
    try global.show(.one(status), orSay: "\(newRoot ? "New root key" : "Vault") sealed by \(status.seal)")
  }
}

struct VaultUnlockCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "unlock", "Open the root key, and let an agent hold it for the commands to come.")

  @OptionGroup var opening: OpeningOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let core = try global.core()
    let idle = try opening.idleSeconds()
    let directory = try global.settings()["state-dir"]
    let key = try opening.read(for: try core.vaultSeal())
    let status = try core.unlockVault(by: key) { (root) throws(CoreError) in
      try AgentProcess.start(holding: root, stateDirectory: directory, idle: idle)
    }
    try global.show(.one(status), orSay: "Vault unlocked")
  }
}

struct VaultLockCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("lock", "Let the agent forget the root key.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try global.core().lockVault()), orSay: "Vault locked") }
}

struct VaultStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "status", "Show what seals the root key, and whether it is open.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try global.core().vaultStatus())) }
}

struct VaultAgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "agent", "Open the root key and hold it, in the foreground.")

  @OptionGroup var opening: OpeningOptions
  @Flag(help: "Take the root key from descriptor 3, as 'vault unlock' hands it over.") var handed = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let agent = try handed ? AgentProcess.taken(global, idle: try opening.idleSeconds()) : opened()
    if handed { AgentProcess.reportReady() }
    agent.serve()
  }

  private func opened() throws -> VaultAgent {
    let core = try global.core()
    let idle = try opening.idleSeconds()
    let key = try opening.read(for: try core.vaultSeal())
    var agent: VaultAgent?
    _ = try core.unlockVault(by: key) { (root) throws(CoreError) in
      agent = try core.vaultAgent(holding: root, idle: idle)
    }
    guard let agent else { throw CoreError.vault(.agent(errno: 0)) }
    return agent
  }
}
