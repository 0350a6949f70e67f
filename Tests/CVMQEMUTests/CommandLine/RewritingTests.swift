import Testing

@testable import cvm_qemu

@Suite("Rewriting the command line") struct RewritingTests {
  private func rewritten(_ arguments: [String], monitor: Int32? = 40, memory: Int32 = 41) throws -> [String] {
    let line = QEMUArguments(texts: arguments)
    return line.rewritten(guest: try CommandLines.plan(arguments), monitor: monitor, memory: memory).texts
  }

  @Test func `libvirt 9.0's guest loses SEV, gains monitor and memory, and nothing else changes`() throws {
    let machine = try #require(CommandLines.guest().first { $0.hasPrefix("pc-q35") })
    let expected = CommandLines.guest(object: "").compactMap { argument -> String? in
      switch argument {
      case machine:
        "pc-q35-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram,pflash0=libvirt-pflash0-format"
      case #"{"qom-type":"memory-backend-ram","id":"pc.ram","size":268435456}"#:
        #"{"qom-type":"memory-backend-file","id":"pc.ram","size":268435456,"mem-path":"/proc/self/fd/41","share":true}"#
      case "socket,id=charmonitor,fd=28,server=on,wait=off": "socket,id=charmonitor,fd=40,server=on,wait=off"
      case "": nil
      default: argument
      }
    }
    // The object's option goes with its value.
    var withoutObject = expected
    let position = try #require(withoutObject.lastIndex(of: "-object"))
    withoutObject.remove(at: position)
    #expect(try rewritten(CommandLines.guest()) == withoutObject)
  }

  @Test func `SEV-ES cannot be reset`() throws {
    let es = #"{"qom-type":"sev-guest","id":"lsec0","cbitpos":51,"reduced-phys-bits":1,"policy":5}"#
    #expect(try rewritten(CommandLines.guest(object: es)).suffix(2) == ["-action", "reboot=shutdown"])
    #expect(try !rewritten(CommandLines.guest()).contains("-action"))
  }

  @Test func `memory without a backend gets one`() throws {
    let line = [
      "-machine", "q35,memory-encryption=s", "-m", "size=65536k", "-object", "sev-guest,id=s,cbitpos=51",
      "-bios", "/o.fd", "-nodefaults",
    ]
    #expect(
      try rewritten(line, monitor: nil) == [
        "-machine", "q35,memory-backend=pc.ram", "-m", "size=65536k", "-bios", "/o.fd", "-nodefaults",
        "-object",
        "qom-type=memory-backend-file,id=pc.ram,size=67108864,mem-path=/proc/self/fd/41,share=on",
      ])
  }

  @Test func `huge pages give way to shared memory`() throws {
    let backend =
      #"{"qom-type":"memory-backend-memfd","id":"pc.ram","hugetlb":true,"hugetlbsize":2097152,"share":false,"prealloc":true,"size":268435456}"#
    let old = #"{"qom-type":"memory-backend-ram","id":"pc.ram","size":268435456}"#
    #expect(
      try rewritten(CommandLines.guest(replacing: old, by: backend)).contains(
        #"{"qom-type":"memory-backend-file","id":"pc.ram","share":true,"prealloc":true,"size":268435456,"mem-path":"/proc/self/fd/41"}"#
      ))
  }

  @Test func `a -qmp socket becomes a character device and a monitor`() throws {
    let line = [
      "-machine", "q35,confidential-guest-support=s", "-object", "sev-guest,id=s", "-bios", "/o.fd",
      "-nodefaults",
      "-qmp", "unix:/tmp/a,,b.sock,server=on,wait=off",
    ]
    let result = try rewritten(line)
    #expect(
      result.contains("socket,id=cvm-monitor,server=on,wait=off,fd=40") && !result.contains("-qmp")
        && result.contains("chardev=cvm-monitor,mode=control"))
    #expect(try CommandLines.plan(line).monitor?.listener == .path("/tmp/a,b.sock"))
  }

  @Test func `a probe only changes its monitor`() throws {
    let line = QEMUArguments(texts: CommandLines.probe)
    let plan = try #require(MonitorPlan.probe(line))
    #expect(
      line.rewritten(probe: plan, monitor: 9).texts == [
        "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", "none,accel=kvm:tcg", "-chardev",
        "socket,id=cvm-monitor,server=on,wait=off,fd=9", "-mon", "chardev=cvm-monitor,mode=control",
        "-pidfile",
        "/var/lib/libvirt/qemu/qmp-ABCDEF/qmp.pid", "-daemonize",
      ])
  }

  @Test(arguments: [
    "socket,id=charmonitor,fd=2,server=on", "socket,id=charmonitor,fd=x,server=on",
    "socket,id=charmonitor,fd=28",
    "pty,id=charmonitor", "socket,id=other,fd=28,server=on", "socket,id=charmonitor,host=h,port=1,server=on",
  ]) func `a monitor that nobody can listen on is refused`(_ chardev: String) {
    let old = "socket,id=charmonitor,fd=28,server=on,wait=off"
    #expect(CommandLines.refusal(CommandLines.guest(replacing: old, by: chardev)) == .badMonitor)
  }

  @Test(arguments: [
    "memory-backend-ram,id=pc.ram", "memory-backend-ram,id=pc.ram,size=0",
    "memory-backend-ram,id=other,size=1M",
    "rng-random,id=pc.ram,size=1M",
  ]) func `memory of unknown size is refused`(_ backend: String) {
    let old = #"{"qom-type":"memory-backend-ram","id":"pc.ram","size":268435456}"#
    #expect(CommandLines.refusal(CommandLines.guest(replacing: old, by: backend)) == .badMemory)
  }
}
