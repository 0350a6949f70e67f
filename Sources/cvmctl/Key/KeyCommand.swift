import ArgumentParser

struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "A tenant's keys: wrapped under its KEK, versioned, with a life of their own.",
    subcommands: [
      KeyListCommand.self, KeyShowCommand.self, KeyCreateCommand.self, KeyImportCommand.self,
      KeyExportCommand.self, KeyRotateCommand.self, KeyMigrateCommand.self, KeyRevokeCommand.self,
      KeyDestroyCommand.self,
      KeyPolicyCommand.self, KeyDueCommand.self, KeyWrapCommand.self, KeyUnwrapCommand.self,
    ])
}
