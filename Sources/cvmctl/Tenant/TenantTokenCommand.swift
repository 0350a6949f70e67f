import ArgumentParser
import CVMCore

struct TenantTokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Credentials with which a caller acts for one tenant alone.",
    subcommands: [TenantTokenCreateCommand.self, TenantTokenListCommand.self, TenantTokenRevokeCommand.self])
}

struct TenantTokenCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "create", "Make a credential and write it to a new file that only its owner can read.")

  @Argument(help: "The tenant's name.") var name: String
  @Option(help: ArgumentHelp("The file to write. Required.", valueName: "file")) var out: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let token = try global.core().createToken(of: name, file: out)
    try global.show(.one(token), orSay: "Token \(token.id) of tenant '\(token.tenant)' created")
  }
}

struct TenantTokenListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("list", "List credentials, never what they are.")

  @Argument(help: "A tenant's name; every tenant's without it.") var name: String?
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.list(try global.core().tokens(of: name))) }
}

struct TenantTokenRevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("revoke", "Accept a credential no more.")

  @Argument(help: "The credential's id.") var id: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let token = try global.core().revokeToken(id)
    try global.show(.one(token), orSay: "Token \(token.id) of tenant '\(token.tenant)' revoked")
  }
}
