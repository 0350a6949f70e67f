import ArgumentParser
import CVMCore

struct StartCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "start", "Launch a guest under its policy: measured first, then given its secrets, then run.")

  @OptionGroup var guests: GuestArguments
  @OptionGroup var options: StartOptionGroup
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let options = try self.options.options()
    let progress = try global.progress()
    let started = try guests.act(global, on: { !$0.isActive }) { core, name in
      try core.start(name, options, progress: progress(name))
    }
    try global.show(started: started)
  }
}

/// The options of a launch, shared by `start` and `create`.
struct StartOptionGroup: ParsableArguments {
  @Flag(help: "Measure and appraise, but leave the guest paused.") var paused = false
  @Flag(help: "Allow a policy that lets the host debug the guest.") var allowDebug = false
  @Flag(help: "Allow a policy that lets the host share the guest's key.") var allowKeySharing = false
  @Flag(help: "Accept a simulated host.") var allowSimulated = false
  @Flag(help: "Launch without a session: the measurement then proves nothing.") var unattestable = false
  @Flag(help: "Run a direct-boot kernel that nothing measures.") var allowUnmeasuredKernel = false
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "A launch secret, or NAME=key:KEY; NAME is a GUID, luks-key, or a name of the definition.",
      valueName: "name=@file"))
  var secret: [String] = []
  @Option(help: ArgumentHelp("A session made by 'session create'.", valueName: "prefix")) var session: String?
  @Option(
    help: ArgumentHelp("What the launch has to be, as 'measure record' recorded it.", valueName: "name"))
  var reference: String?
  @OptionGroup var references: ReferenceOptions

  func validate() throws {
    guard reference == nil || !unattestable else {
      throw ValidationError("--reference and --unattestable exclude each other")
    }
    guard session == nil || !unattestable else {
      throw ValidationError("--session and --unattestable exclude each other")
    }
  }

  func options() throws -> StartOptions {
    StartOptions(
      staysPaused: paused, allowsDebug: allowDebug, allowsKeySharing: allowKeySharing,
      allowsSimulated: allowSimulated, allowsUnattestable: unattestable,
      allowsUnmeasuredKernel: allowUnmeasuredKernel, secrets: try secret.map(SecretArgument.parse),
      sessionPrefix: session, references: try references.files(), reference: reference)
  }
}

/// The owner's own copies of what is measured, and how.
struct ReferenceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The firmware to measure, instead of the definition's path.", valueName: "file"))
  var firmware: String?
  @Option(help: ArgumentHelp("The kernel to measure.", valueName: "file")) var kernel: String?
  @Option(help: ArgumentHelp("The initial RAM disk to measure.", valueName: "file")) var initrd: String?
  @Option(help: ArgumentHelp("SEV-ES register values: init (KVM's first) or init2.", valueName: "generation"))
  var vmsaGeneration: String?
  @Option(help: ArgumentHelp("SEV_FEATURES of the VMSAs.", valueName: "number")) var guestFeatures: String?
  @Option(help: ArgumentHelp("The guest's CPU signature (CPUID Fn1 EAX).", valueName: "number")) var vcpuSig:
    String?

  func files() throws -> ReferenceFiles {
    ReferenceFiles(
      firmware: firmware, kernel: kernel, initrd: initrd,
      generation: try VMSAOptions.generation(vmsaGeneration),
      guestFeatures: try guestFeatures.map { try Number.unsigned($0, "--guest-features") },
      signature: try VMSAOptions.signature(vcpuSig))
  }
}
