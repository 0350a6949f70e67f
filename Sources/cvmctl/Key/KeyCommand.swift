import ArgumentParser

struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "A tenant's keys: wrapped under its KEK, versioned, with a life of their own.",
    subcommands: [
      KeyListCommand.self, KeyShowCommand.self, KeyCreateCommand.self, KeyImportCommand.self,
      KeyExportCommand.self, KeyOpenCommand.self, KeyRecipientCommand.self, KeyRotateCommand.self,
      KeyMigrateCommand.self, KeySuspendCommand.self, KeyResumeCommand.self, KeyRevokeCommand.self,
      KeyDestroyCommand.self, KeyPolicyCommand.self, KeyDueCommand.self, KeyWrapCommand.self,
      KeyUnwrapCommand.self, KeyEscrowCommand.self, KeyRecoverCommand.self,
    ])
}
