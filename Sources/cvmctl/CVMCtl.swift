import ArgumentParser

/// The root command: virsh's verbs, and a noun for everything that virsh lacks.
struct CVMCtl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cvmctl",
    abstract: "Run confidential VMs on libvirt: launched under a policy, measured before they run.",
    usage: "cvmctl [global options] VERB|NOUN [SUBCOMMAND] [arguments] [options]",
    version: "cvmctl \(Product.version)",
    groupedSubcommands: [
      CommandGroup(
        name: "Guests:",
        subcommands: [
          ListCommand.self, DefineCommand.self, CreateCommand.self, UndefineCommand.self, StartCommand.self,
          ShutdownCommand.self, RebootCommand.self, ResetCommand.self, DestroyCommand.self,
          SuspendCommand.self,
          ResumeCommand.self,
        ]),
      CommandGroup(
        name: "About a guest:",
        subcommands: [
          DomstateCommand.self, DominfoCommand.self, DomidCommand.self, DomuuidCommand.self,
          DomnameCommand.self,
          DumpxmlCommand.self, DomlaunchsecinfoCommand.self, DomsetlaunchsecstateCommand.self,
        ]),
      CommandGroup(
        name: "Launching:",
        subcommands: [
          PolicyCommand.self, LaunchCommand.self, SessionCommand.self, SecretCommand.self,
          MeasureCommand.self, IDBlockCommand.self,
        ]),
      CommandGroup(name: "Keys:", subcommands: [KeyCommand.self, VaultCommand.self]),
      CommandGroup(
        name: "Hosts:",
        subcommands: [
          HostCommand.self, NodesevinfoCommand.self, CapabilitiesCommand.self, DomcapabilitiesCommand.self,
          VersionCommand.self, URICommand.self, HostnameCommand.self, SimCommand.self,
        ]),
      CommandGroup(name: "Tenants:", subcommands: [TenantCommand.self]),
      CommandGroup(name: "Records:", subcommands: [AuditCommand.self]),
      CommandGroup(
        name: "cvmctl itself:", subcommands: [StateCommand.self, ConfigCommand.self, CompletionCommand.self]),
    ])
}
