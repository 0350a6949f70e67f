import SEV

/// Everything that the launch of an SEV guest needs to know of QEMU's command line.
struct GuestPlan: Equatable {
  let name: String
  let object: SEVObject
  let machine: MachineOption
  let firmware: String
  /// Nil without `-kernel`.
  let kernel: KernelPlan?
  let processors: ProcessorPlan
  let memory: MemoryPlan
  /// Nil for a guest that nobody controls.
  let monitor: MonitorPlan?
  /// `-S`: the guest waits for `cont`.
  let startsPaused: Bool

  init(_ arguments: QEMUArguments, object: SEVObject) throws(LaunchRefusal) {
    try Self.refuseUnsupported(arguments)
    self.object = object
    name = arguments.last("name").flatMap { OptionText($0, impliedKey: "guest")?["guest"] } ?? "guest"
    machine = try MachineOption(arguments, protectedBy: object.id)
    firmware = try FirmwareOption.file(arguments, machine: machine)
    kernel = arguments.last("kernel").map {
      KernelPlan(kernel: $0, initrd: arguments.last("initrd"), commandLine: arguments.last("append"))
    }
    processors = try ProcessorPlan(arguments)
    memory = try MemoryPlan(arguments, machine: machine)
    monitor = try MonitorPlan.guest(arguments)
    startsPaused = arguments.contains("S")
    if object.policy.es { try requireES() }
  }

  private func requireES() throws(LaunchRefusal) {
    if machine.options["kernel-irqchip"] == "off" { throw .noKernelInterruptController }
    guard processors.signature != nil else { throw .unknownProcessor(processors.model) }
  }

  /// Options that reach the guest's memory or its state past the AMD-SP.
  private static let refused = ["incoming", "loadvm", "gdb", "s", "preconfig"]

  private static func refuseUnsupported(_ arguments: QEMUArguments) throws(LaunchRefusal) {
    if arguments.contains("incoming") { throw .migration }
    for name in refused where arguments.contains(name) { throw .optionRefused(name) }
  }
}

/// `-kernel`, `-initrd` and `-append`.
struct KernelPlan: Equatable {
  let kernel: String
  let initrd: String?
  let commandLine: String?
}
