import CLinux
import Glibc
import SecureProcessor

/// The process that stays beside QEMU: it launches the guest on the simulated AMD-SP, says how that went, and then stands
/// between libvirt and QEMU's monitor until QEMU is gone.
enum ProxyProgram {
  static func run() -> Int32 {
    _ = cvm_forbid_dumps()
    _ = signal(SIGPIPE, SIG_IGN)
    let inherited = ProxyDescriptors.inherited()
    guard inherited.count >= 3,
      let bytes = try? ByteChannel.readAll(inherited[0], limit: ProxyRequest.sizeLimit),
      let request = try? ProxyRequest(parsing: bytes)
    else { return misused() }
    return run(request, inherited)
  }

  private static func run(_ request: ProxyRequest, _ inherited: [Descriptor]) -> Int32 {
    let report = inherited[2]
    let ready: Ready
    do {
      ready = try prepare(request, inherited)
    } catch {
      try? LaunchReport.send(error, over: report)
      return 1
    }
    guard (try? LaunchReport.send(nil, over: report)) != nil else { return 1 }
    report.close()
    inherited[0].close()
    serve(ready, request)
    return 0
  }

  /// What serves the monitor.
  private struct Ready {
    let descriptors: ProxyDescriptors
    let platform: any PlatformAnswers
    let guest: SimulatedGuest?
  }

  private static func prepare(
    _ request: ProxyRequest, _ inherited: [Descriptor]
  ) throws(LaunchRefusal) -> Ready {
    let invocation = try Invocation(QEMUArguments(request.arguments))
    var plan: GuestPlan?
    var hasMonitor = true
    if case .guest(let found) = invocation {
      plan = found
      hasMonitor = found.monitor != nil
    }
    guard
      let descriptors = ProxyDescriptors(
        inherited: inherited, withMonitor: hasMonitor, withMemory: plan != nil)
    else { throw .proxyDied }
    let platform = try SimulatedPlatform(request.configuration.platform)
    guard let plan, let memory = descriptors.memory else {
      try platform.requireAnswers()
      return Ready(descriptors: descriptors, platform: platform, guest: nil)
    }
    let ram = GuestRAM(memory, size: plan.memory.size)
    let guest = try SEVLaunch(plan, request.configuration, ram: ram).run(on: platform)
    if !plan.startsPaused { try finish(guest, platform) }
    return Ready(descriptors: descriptors, platform: platform, guest: guest)
  }

  /// A guest that does not wait for `cont` runs at once.
  private static func finish(
    _ guest: SimulatedGuest, _ platform: SimulatedPlatform
  ) throws(LaunchRefusal) {
    do { try guest.finish() } catch {
      if case .finish(let status) = error { throw .command(.finish, status) }
      throw .platform(directory: platform.directory.path, reason: error.text)
    }
  }

  private static func serve(_ ready: Ready, _ request: ProxyRequest) {
    if let monitor = ready.descriptors.monitor {
      MonitorProxy(
        listener: monitor.listener, qemuAddress: monitor.qemuAddress, life: ready.descriptors.life,
        platform: ready.platform, guest: ready.guest
      ).run()
    } else {
      while Poll.wait([.init(ready.descriptors.life, events: Int16(POLLIN))], timeout: -1)[0] == 0 {}
    }
    if let socket = request.ownSocket { _ = unsafe unlink(socket) }
    ready.guest?.retire()
  }

  private static func misused() -> Int32 {
    ByteChannel.complain("cvm-qemu: --proxy is a part of this program; start it as libvirt's emulator")
    return 1
  }
}
