import Foundation
import TestHarness
import Testing

extension Integration {
  /// A host that starts the guest on something else than it was told: one byte is enough.
  @Suite("a tampered launch", .serialized) struct TamperedBootTests {
    enum Part: String, CaseIterable { case kernel, initrd, commandLine, firmware }

    let host: CommandHost
    let emulator: ScriptedEmulator
    let console: Console

    init() throws {
      host = try CommandHost(.libvirt)
      emulator = try ScriptedEmulator(in: try #require(host.libvirtd))
      console = try host.directory.console("web1")
      var document = host.document("web1", policy: 3, words: "honest")
      document.emulator = emulator.path
      document.serial = console.path
      try host.define(document)
    }

    /// What the emulator does to `part`.
    private func lie(about part: Part) throws -> ScriptedEmulator.Fault {
      switch part {
      case .kernel: .replace(host.image.kernel, with: try flipped(host.image.kernel))
      case .initrd: .replace(host.image.initrd, with: try flipped(host.image.initrd))
      case .firmware: .replace(host.image.firmware, with: try flipped(host.image.firmware))
      case .commandLine: .replace("honest", with: "honesu")
      }
    }

    /// A copy with the lowest bit of its middle byte turned.
    private func flipped(_ path: String) throws -> String {
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[bytes.count / 2] ^= 1
      return try host.directory.write(bytes, to: "flipped-\(UInt32.random(in: 0 ... .max))")
    }

    @Test(arguments: Part.allCases)
    func `is refused with exit 10 and destroyed before its first instruction`(_ part: Part) throws {
      let secret = try host.directory.write("never to be seen", to: "secret", mode: 0o600)
      try emulator.set(try lie(about: part))
      let outcome = try host.cvmctl.run(
        "-o", "json", "start", "web1", "--allow-simulated", "--secret", "luks-key=@\(secret)")
      #expect(outcome.status == 10, "\(outcome)")
      #expect(try outcome.errorObject().string("code") == "measurement-mismatch")
      #expect(outcome.stdout.isEmpty)

      let record = try host.record("web1")
      #expect(record.string("verdict") == "mismatch", "\(record)")
      #expect(record.string("outcome") == "destroyed")
      #expect(record.number("secretsInjected") == 0)
      #expect(host.libvirtd?.guestProcesses().isEmpty == true)
      #expect(!console.text.contains(GuestImage.marker))

      try emulator.set(.none)
      try host.cvmctl.succeed("start", "web1", "--allow-simulated")
    }
  }
}
