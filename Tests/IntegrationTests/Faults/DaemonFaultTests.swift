import Foundation
import Glibc
import TestHarness
import Testing

extension Integration {
  /// libvirtd and the emulator fail in every way that was seen in the field. What a command may say then: it worked (0), the
  /// host is gone (6), out of time (7), nobody knows (13); what the next one finds: nothing half-started.
  @Suite("a failing host", .serialized) struct DaemonFaultTests {
    let host: CommandHost
    let libvirtd: PrivateLibvirtd
    let emulator: ScriptedEmulator

    init() throws {
      host = try CommandHost(.libvirt)
      libvirtd = try #require(host.libvirtd)
      emulator = try ScriptedEmulator(in: libvirtd)
      var document = host.document("web1", policy: 3, words: GuestImage.stay)
      document.emulator = emulator.path
      try host.define(document)
    }

    private func start(timeout: Int = 60) throws -> RunningTool {
      try host.cvmctl.start(["--timeout", "\(timeout)", "start", "web1", "--allow-simulated"])
    }

    /// Running the command again ends in a running, measured guest and one emulator with its proxy.
    private func expectConvergence() throws {
      if try libvirtd.virsh.run("domstate", "web1").stdout.contains("running") == false {
        try host.cvmctl.succeed("start", "web1", "--allow-simulated")
      }
      let record = try host.record("web1")
      #expect(record.string("verdict") == "match", "\(record)")
      let ended = try host.cvmctl.run("destroy", "web1")
      #expect(ended.status == 0, "\(ended)")
      expectNoProcess()
    }

    private func expectNoProcess() {
      #expect(
        holds(within: .seconds(10)) { libvirtd.guestProcesses().isEmpty }, "\(libvirtd.guestProcesses())")
    }

    @Test(arguments: [20, 60, 120, 200, 300, 400, 600, 900])
    func `libvirtd killed in the middle of a start`(_ milliseconds: Int) throws {
      let running = try start()
      usleep(UInt32(milliseconds) * 1000)
      libvirtd.killDaemon()
      usleep(100_000)
      try libvirtd.startDaemon()
      let outcome = try running.wait(timeout: .seconds(90))
      #expect([0, 6, 13].contains(outcome.status), "\(outcome)")
      try expectConvergence()
    }

    @Test func `libvirtd killed for good`() throws {
      let running = try start(timeout: 10)
      usleep(200_000)
      libvirtd.killDaemon()
      let outcome = try running.wait(timeout: .seconds(20))
      #expect([6, 13].contains(outcome.status), "\(outcome)")
      try libvirtd.startDaemon()
      try expectConvergence()
    }

    @Test func `libvirtd stopped before a command`() throws {
      libvirtd.freezeDaemon()
      for verb in [["list"], ["start", "web1", "--allow-simulated"], ["destroy", "web1"]] {
        let outcome = try host.cvmctl.run(["--timeout", "2"] + verb, timeout: .seconds(15))
        #expect([6, 7].contains(outcome.status), "\(verb): \(outcome)")
        #expect(!outcome.timedOut && outcome.wallTime < 6)
      }
      libvirtd.thawDaemon()
      try expectConvergence()
    }

    @Test(arguments: [100, 300, 500])
    func `libvirtd stopped in the middle of a start`(_ milliseconds: Int) throws {
      let running = try start(timeout: 4)
      usleep(UInt32(milliseconds) * 1000)
      libvirtd.freezeDaemon()
      let outcome = try running.wait(timeout: .seconds(20))
      #expect([0, 6, 7, 13].contains(outcome.status), "\(outcome)")
      #expect(!outcome.timedOut)
      libvirtd.thawDaemon()
      _ = holds(within: .seconds(5)) { (try? libvirtd.virsh.run("domstate", "web1").status) == 0 }
      try expectConvergence()
    }

    @Test func `an emulator that hangs before exec`() throws {
      try emulator.set(.hangBeforeExec)
      let outcome = try start(timeout: 5).wait(timeout: .seconds(30))
      #expect(outcome.status == 7, "\(outcome)")
      #expect(outcome.wallTime < 15)
      #expect(try libvirtd.virsh.succeed("domstate", "web1").stdout.contains("shut off"))
      expectNoProcess()
      try emulator.set(.none)
      try expectConvergence()
    }

    @Test func `a proxy that hangs on the monitor`() throws {
      let running = try start(timeout: 6)
      var stopped: pid_t = 0
      let proxy = holds(within: .seconds(5)) {
        guard let proxy = libvirtd.guestProcesses().first(where: { $0.arguments.contains("--proxy") }) else {
          return false
        }
        kill(proxy.pid, SIGSTOP)
        stopped = proxy.pid
        return true
      }
      #expect(proxy, "no proxy was seen")
      let outcome = try running.wait(timeout: .seconds(40))
      #expect([7, 13].contains(outcome.status), "\(outcome)")
      #expect(!outcome.timedOut)
      // libvirt itself cannot end a guest whose monitor neither answers nor closes: it goes on when the hang ends.
      kill(stopped, SIGCONT)
      try expectConvergence()
    }

    @Test(arguments: [100, 250, 400])
    func `SIGINT in the middle of a start undoes it`(_ milliseconds: Int) throws {
      let running = try start()
      usleep(UInt32(milliseconds) * 1000)
      running.signal(SIGINT)
      let outcome = try running.wait(timeout: .seconds(60))
      if outcome.status != 0 {  // else it was launched before the signal came
        #expect(outcome.status == 130, "\(outcome)")
        #expect(try libvirtd.virsh.succeed("domstate", "web1").stdout.contains("shut off"))
        expectNoProcess()
      }
      try expectConvergence()
    }

    @Test func `QEMU killed in the middle of a start`() throws {
      let running = try start()
      let killed = holds(within: .seconds(5)) {
        guard let qemu = libvirtd.guestProcesses().first(where: { $0.arguments.contains("-name") }) else {
          return false
        }
        kill(qemu.pid, SIGKILL)
        return true
      }
      #expect(killed)
      let outcome = try running.wait(timeout: .seconds(60))
      #expect(outcome.status != 0, "\(outcome)")
      expectNoProcess()
      try expectConvergence()
    }

    @Test func `QEMU killed while the guest runs`() throws {
      try host.cvmctl.succeed("start", "web1", "--allow-simulated")
      let qemu = try #require(libvirtd.guestProcesses().first { $0.arguments.contains("-name") })
      kill(qemu.pid, SIGKILL)
      #expect(
        holds(within: .seconds(10)) {
          (try? host.cvmctl.run("domstate", "web1").stdout.contains("shut off")) == true
        })
      expectNoProcess()
      try expectConvergence()
    }

    @Test func `an emulator that refuses says why`() throws {
      try emulator.set(.refuse("this machine is on fire"))
      let outcome = try start().wait(timeout: .seconds(60))
      #expect(outcome.status == 1, "\(outcome)")
      #expect(outcome.stderr.contains("on fire"))
      try emulator.set(.none)
      try expectConvergence()
    }
  }
}
