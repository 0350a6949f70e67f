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
    do {
      let configuration = try ConfigurationFile.load(calledAs: vector.texts.first ?? "")
      switch try Invocation(arguments) {
      case .plain: return become(arguments, configuration)
      case .probe(let monitor): return try probe(monitor, configuration)
      case .guest(let plan): return try guest(plan, configuration)
      }
    } catch let error as ConfigurationError {
      return fail([error.summary])
    } catch let refusal as LaunchRefusal {
      return fail(refusal.lines)
    } catch let error as SystemError {
      return fail([error.summary])
    } catch {
      return fail(["failed"])
    }
  }

  private func probe(_ plan: MonitorPlan, _ configuration: Configuration) throws -> Int32 {
    let monitor = try MonitorSockets(plan)
    let life = try Descriptor.pipe()
    let lines = try startProxy(
      configuration, named: "probe", life: life.reader, monitor: monitor, ownSocket: plan.ownPath, memory: nil
    )
    guard lines.isEmpty else { return fail(lines) }
    try monitor.qemu.closeOnExec(false)
    try life.writer.closeOnExec(false)
    return become(arguments.rewritten(probe: plan, monitor: monitor.qemu.number), configuration)
  }

  private func guest(_ plan: GuestPlan, _ configuration: Configuration) throws -> Int32 {
    let monitor = try plan.monitor.map { try MonitorSockets($0) }
    let life = try Descriptor.pipe()
    let memory = try Descriptor.memory("cvm-guest", size: plan.memory.size)
    let lines = try startProxy(
      configuration, named: plan.name, life: life.reader, monitor: monitor, ownSocket: plan.monitor?.ownPath,
      memory: memory)
    guard lines.isEmpty else { return fail(lines) }
    try monitor?.qemu.closeOnExec(false)
    try life.writer.closeOnExec(false)
    try memory.closeOnExec(false)
    let rewritten = arguments.rewritten(guest: plan, monitor: monitor?.qemu.number, memory: memory.number)
    return become(rewritten, configuration)
  }

  /// Starts the proxy, which launches the guest; waits for its report. What stands in the way, as lines.
  private func startProxy(
    _ configuration: Configuration, named name: String, life: Descriptor, monitor: MonitorSockets?,
    ownSocket: String?, memory: Descriptor?
  ) throws(SystemError) -> [String] {
    let request = ProxyRequest(
      configuration: configuration, ownSocket: ownSocket, arguments: arguments.arguments)
    let report = try Descriptor.pipe()
    let descriptors = ProxyDescriptors(
      request: try Self.memory(holding: request.serialized), life: life, report: report.writer,
      monitor: monitor?.forProxy, memory: memory)
    let detach = Role.detach(guest: Role.shown(name))
    let child = try ChildProcess.spawn(detach.arguments, descriptors: descriptors.ordered, newSession: false)
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
