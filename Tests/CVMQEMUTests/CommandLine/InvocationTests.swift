import Testing

@testable import cvm_qemu

@Suite("Invocation") struct InvocationTests {
  @Test func `libvirt's probe is one`() throws {
    guard case .probe(let monitor) = try Invocation(QEMUArguments(texts: CommandLines.probe)) else {
      Issue.record("not a probe")
      return
    }
    #expect(monitor.listener == .path("/var/lib/libvirt/qemu/qmp-ABCDEF/qmp.monitor"))
  }

  @Test(arguments: [
    ["--version"], ["-M", "help"], [], ["-machine", "q35", "-m", "256"], ["-daemonize"],
    ["-qmp", "unix:/x,server=on"], ["-daemonize", "-qmp", "tcp:localhost:1"],
    ["-daemonize", "-qmp", "unix:/x"],
    ["-machine", "q35,confidential-guest-support=t", "-object", "tdx-guest,id=t"],
  ]) func `what does not concern the AMD-SP is QEMU's`(_ arguments: [String]) throws {
    #expect(try Invocation(QEMUArguments(texts: arguments)) == .plain)
  }

  @Test func `a plain guest of libvirt is QEMU's`() throws {
    #expect(try Invocation(QEMUArguments(texts: CommandLines.guest(object: "rng-builtin,id=r"))) == .plain)
  }

  @Test func `libvirt's SEV guest is a guest`() throws {
    let plan = try CommandLines.plan(CommandLines.guest())
    #expect(plan.name == "sev1")
    #expect(plan.firmware == "/usr/share/OVMF/OVMF_CODE.fd")
    #expect(plan.kernel == nil)
    #expect(plan.memory.size == 268_435_456)
    #expect(plan.monitor?.listener == .inherited(28))
    #expect(plan.startsPaused)
    #expect(plan.processors.count == 1)
  }

  @Test func `a kernel is planned with its initrd and command line`() throws {
    let plan = try CommandLines.plan(
      CommandLines.guest(extra: ["-kernel", "/k", "-initrd", "/i", "-append", "a b"]))
    #expect(plan.kernel == KernelPlan(kernel: "/k", initrd: "/i", commandLine: "a b"))
  }

  @Test(
    arguments: [
      (["-incoming", "defer"], .migration), (["-loadvm", "x"], .optionRefused("loadvm")),
      (["-gdb", "tcp::1"], .optionRefused("gdb")), (["-s"], .optionRefused("s")),
      (["-preconfig"], .optionRefused("preconfig")), (["-monitor", "stdio"], .severalMonitors),
      (["-mon", "chardev=x,mode=readline"], .severalMonitors), (["-qmp", "stdio"], .severalMonitors),
      (["-qmp-pretty", "stdio"], .severalMonitors), (["-serial", "mon:stdio"], .severalMonitors),
      (["-machine", "accel=tcg"], .severalMachines), (["-numa", "node,memdev=pc.ram"], .severalMemories),
      (["-object", "sev-snp-guest,id=x"], .snp), (["-smp", "0"], .badProcessorCount),
    ] as [([String], LaunchRefusal)])
  func `refuses what would pass the AMD-SP by`(_ extra: [String], _ refusal: LaunchRefusal) {
    #expect(CommandLines.refusal(CommandLines.guest(extra: extra)) == refusal)
  }

  @Test func `refuses a machine that does not use the object`() {
    let machine = CommandLines.guest().first { $0.hasPrefix("pc-q35") } ?? ""
    #expect(
      CommandLines.refusal(
        CommandLines.guest(replacing: machine, by: "pc-q35-7.2,pflash0=libvirt-pflash0-format"))
        == .objectUnused("lsec0"))
    #expect(CommandLines.refusal(CommandLines.guest(without: "-machine")) == .objectUnused("lsec0"))
  }

  @Test func `SEV-ES needs a CPU model with a known signature`() {
    let es = CommandLines.object.split(separator: "\"policy\":1").joined(separator: "\"policy\":5")
    func refusal(_ cpu: String) -> LaunchRefusal? {
      CommandLines.refusal(CommandLines.guest(object: es).map { $0 == "qemu64" ? cpu : $0 })
    }
    #expect(refusal("EPYC-Milan,x2apic=on") == nil)
    #expect(refusal("qemu64,+svm") == nil)
    #expect(refusal("max") == .unknownProcessor("max"))
    #expect(refusal("qemu64,stepping=2") == .unknownProcessor("qemu64"))
  }

  @Test func `SEV-ES needs KVM's interrupt controller`() {
    let es = "sev-guest,id=lsec0,cbitpos=51,reduced-phys-bits=1,policy=5"
    let machine = CommandLines.guest().first { $0.hasPrefix("pc-q35") } ?? ""
    let line = CommandLines.guest(object: es).map { $0 == machine ? machine + ",kernel-irqchip=off" : $0 }
    #expect(CommandLines.refusal(line) == .noKernelInterruptController)
  }
}
