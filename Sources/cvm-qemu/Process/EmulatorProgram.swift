import Glibc

/// What libvirt starts as the emulator. It becomes QEMU in the end, so libvirt's process is QEMU's: kills, cgroups and
/// affinities work on the right one.
struct EmulatorProgram {
  private let vector: ArgumentVector
  private let arguments: QEMUArguments

  init(_ vector: ArgumentVector) {
    self.vector = vector
    arguments = QEMUArguments(Array(vector.arguments.dropFirst()))
  }

  /// Returns only after a failure, with the exit status.
  func run() -> Int32 {
    do throws(LaunchRefusal) {
      let configuration = try configuration()
      switch try Invocation(arguments) {
      case .plain: return become(arguments, configuration)
      case .probe(let monitor): return try probe(monitor, configuration)
      case .guest(let plan): return try guest(plan, configuration)
      }
    } catch {
      return fail(error.lines)
    }
  }

  private func configuration() throws(LaunchRefusal) -> Configuration {
    do { return try ConfigurationFile.load(calledAs: vector.texts.first ?? "") } catch {
      throw .configuration(error)
    }
  }

  private func probe(_ plan: MonitorPlan, _ configuration: Configuration) throws(LaunchRefusal) -> Int32 {
    let monitor = try system { () throws(SystemError) in try MonitorSockets(plan) }
    let life = try system(Descriptor.pipe)
    let lines = try startProxy(
      configuration, named: "probe", life: life.reader, monitor: monitor, ownSocket: plan.ownPath, memory: nil
    )
    guard lines.isEmpty else { return fail(lines) }
    try handDown([monitor.qemu, life.writer])
    return become(arguments.rewritten(probe: plan, monitor: monitor.qemu.number), configuration)
  }

  private func guest(_ plan: GuestPlan, _ configuration: Configuration) throws(LaunchRefusal) -> Int32 {
    let monitor = try system { () throws(SystemError) in
      try plan.monitor.map { plan throws(SystemError) in try MonitorSockets(plan) }
    }
    let life = try system(Descriptor.pipe)
    let memory = try system { () throws(SystemError) in
      try Descriptor.memory("cvm-guest", size: plan.memory.size)
    }
    let lines = try startProxy(
      configuration, named: plan.name, life: life.reader, monitor: monitor, ownSocket: plan.monitor?.ownPath,
      memory: memory)
    guard lines.isEmpty else { return fail(lines) }
    try handDown([monitor?.qemu, life.writer, memory].compactMap { $0 })
    let rewritten = arguments.rewritten(guest: plan, monitor: monitor?.qemu.number, memory: memory.number)
    return become(rewritten, configuration)
  }

  private func handDown(_ descriptors: [Descriptor]) throws(LaunchRefusal) {
    for descriptor in descriptors {
      try system { () throws(SystemError) in try descriptor.closeOnExec(false) }
    }
  }

  /// Starts the proxy, which launches the guest; waits for its report. What stands in the way, as lines.
  private func startProxy(
    _ configuration: Configuration, named name: String, life: Descriptor, monitor: MonitorSockets?,
    ownSocket: String?, memory: Descriptor?
  ) throws(LaunchRefusal) -> [String] {
    let request = ProxyRequest(
      configuration: configuration, ownSocket: ownSocket, arguments: arguments.arguments)
    let report = try system(Descriptor.pipe)
    let requestMemory = try system { () throws(SystemError) in try Self.memory(holding: request.serialized) }
    let descriptors = ProxyDescriptors(
      request: requestMemory, life: life, report: report.writer,
      monitor: monitor?.forProxy, memory: memory)
    let detach = Role.detach(guest: Role.shown(name))
    let child = try system { () throws(SystemError) in
      try ChildProcess.spawn(detach.arguments, descriptors: descriptors.ordered, newSession: false)
    }
    ChildProcess.wait(for: child)
    report.writer.close()
    return LaunchReport.receive(from: report.reader)
  }

  private static func memory(holding bytes: [UInt8]) throws(SystemError) -> Descriptor {
    let memory = try Descriptor.memory("cvm-request", size: 0)
    try ByteChannel.writeAll(bytes, to: memory)
    guard lseek(memory.number, 0, SEEK_SET) == 0 else { throw SystemError("lseek") }
    return memory
  }

  private func become(_ arguments: QEMUArguments, _ configuration: Configuration) -> Int32 {
    let emulator = configuration.emulator
    let vector = ArgumentVector([Array(emulator.utf8)] + arguments.arguments)
    return fail([ChildProcess.become(emulator, vector).summary])
  }

  private func fail(_ lines: [String]) -> Int32 {
    for line in lines { ByteChannel.complain("cvm-qemu (simulated AMD-SP): \(line)") }
    return 1
  }
}
