import Foundation
import Glibc
import TestHarness
import Testing

extension Integration {
  /// The instrument itself: what the other suites conclude from it holds only if this does.
  @Suite("the private libvirtd") struct PrivateLibvirtdTests {
    @Test func `leaves no process and no file behind`() throws {
      var libvirtd: PrivateLibvirtd? = try PrivateLibvirtd(.real)
      let daemon = try #require(libvirtd?.daemon)
      let directory = try #require(libvirtd?.directory.path)
      libvirtd = nil
      #expect(ProcessEntry(pid: daemon) == nil)
      #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test func `a killed daemon comes back and finds its guest`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let xml = GuestDocument(name: "plain", emulator: libvirtd.emulatorPath).xml
      let file = try libvirtd.directory.write(xml, to: "plain.xml")
      try libvirtd.virsh.succeed("define", file)
      try libvirtd.virsh.succeed("start", "plain", "--paused")
      #expect(libvirtd.guestProcesses().count == 1)

      libvirtd.killDaemon()
      #expect(libvirtd.daemon == nil)
      #expect(try libvirtd.virsh.run("list").status != 0)

      try libvirtd.startDaemon()
      #expect(try libvirtd.virsh.succeed("domstate", "plain").stdout.contains("paused"))
      try libvirtd.virsh.succeed("destroy", "plain")
      #expect(libvirtd.guestProcesses().isEmpty, "\(libvirtd.guestProcesses())")
    }

    @Test func `a frozen daemon answers nobody until it thaws`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      libvirtd.freezeDaemon()
      #expect(try libvirtd.virsh.run("list", timeout: .seconds(1)).timedOut)
      libvirtd.thawDaemon()
      #expect(try libvirtd.virsh.run("list").status == 0)
    }
  }

  @Suite("the guest image") struct GuestImageTests {
    @Test(arguments: ["SeaBIOS", "pflash", "rom"])
    func `boots to its marker as a plain guest`(_ firmware: String) throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let image = try GuestImage(in: libvirtd.directory)
      let console = try libvirtd.directory.console("plain")
      var domain = GuestDocument(name: "plain", emulator: libvirtd.emulatorPath)
      domain.boot = image.boot()
      domain.serial = console.path
      switch firmware {
      case "pflash": domain.firmware = .pflash(image.firmware)
      case "rom": domain.firmware = .rom(image.wholeFirmware)
      default: break
      }
      let file = try libvirtd.directory.write(domain.xml, to: "plain.xml")
      try libvirtd.virsh.succeed("define", file)
      try libvirtd.virsh.succeed("start", "plain")
      #expect(console.shows(GuestImage.done, within: .seconds(60)), "\(console.text)")
      #expect(
        try holds(within: .seconds(10)) {
          try libvirtd.virsh.run("domstate", "plain").stdout.contains("shut off")
        })
    }
  }

  @Suite("the scripted emulator") struct ScriptedEmulatorTests {
    @Test func `hangs, refuses and lies for guests, and never for probes`() throws {
      let libvirtd = try PrivateLibvirtd(.real)
      let image = try GuestImage(in: libvirtd.directory)
      let emulator = try ScriptedEmulator(in: libvirtd)
      let console = try libvirtd.directory.console("scripted")
      var document = GuestDocument(name: "scripted", emulator: emulator.path)
      document.boot = image.boot("truth")
      document.serial = console.path
      try emulator.set(.refuse("no such thing"))
      try libvirtd.virsh.succeed("define", try libvirtd.directory.write(document.xml, to: "scripted.xml"))
      #expect(try libvirtd.virsh.run("start", "scripted").stderr.contains("no such thing"))

      try emulator.set(.hangBeforeExec)
      let start = try libvirtd.virsh.start(["start", "scripted"])
      #expect(!start.ends(within: .seconds(2)))
      try libvirtd.virsh.succeed("destroy", "scripted")
      #expect(try start.wait(timeout: .seconds(10)).status == 1)
      #expect(libvirtd.guestProcesses().isEmpty)

      try emulator.set(.replace("truth", with: "a lie"))
      try libvirtd.virsh.succeed("start", "scripted")
      #expect(console.shows(GuestImage.done, within: .seconds(60)))
      #expect(console.text.contains("a lie") && !console.text.contains("truth"))
    }
  }

  @Suite("the tool runner") struct ToolTests {
    @Test func `tells output and status`() throws {
      let shell = Tool("/bin/bash", ["-c"])
      let outcome = try shell.run(["cat; echo err >&2; exit 7"], stdin: Data("in".utf8))
      #expect((outcome.stdout, outcome.stderr, outcome.status) == ("in", "err\n", 7))
      #expect(!outcome.timedOut)
    }

    @Test func `tells the signal that ended a program`() throws {
      #expect(try Tool("/bin/bash", ["-c"]).run("kill -TERM $$").status == 143)
    }

    @Test func `ends a program and its children when the time is over`() throws {
      let outcome = try Tool("/bin/bash", ["-c"]).run("sleep 77.7 & wait", timeout: .milliseconds(200))
      #expect(outcome.timedOut)
      let left = holds(within: .seconds(2)) {
        !ProcessEntry.all().contains { $0.arguments == ["sleep", "77.7"] }
      }
      #expect(left)
    }

    @Test func `passes arguments and environment as they are`() throws {
      let hostile = "a b\n\"$(id)\" \u{202E}\u{1B}[31m"
      let tool = Tool("/usr/bin/printenv", environment: ["X": hostile])
      #expect(try tool.run("X").stdout == hostile + "\n")
    }
  }
}
