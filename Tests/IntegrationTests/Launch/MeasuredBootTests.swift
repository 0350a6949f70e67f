import Bytes
import CVMCrypto
import Foundation
import SEV
import TestHarness
import Testing

extension Integration {
  /// The main job on real libvirt: measured, appraised, and only then let run.
  @Suite("a measured launch", .serialized) struct MeasuredBootTests {
    @Test(arguments: [(UInt32(3), 1), (7, 4)])
    func `boots to its marker after its measurement matched`(_ policy: UInt32, _ vcpus: Int) throws {
      let host = try CommandHost(.libvirt)
      let console = try host.directory.console("web1")
      var document = host.document("web1", policy: policy, vcpus: vcpus)
      document.serial = console.path
      try host.define(document)
      try host.cvmctl.succeed("start", "web1", "--allow-simulated")
      #expect(console.shows(GuestImage.marker, within: .seconds(90)), "\(console.text)")
      #expect(console.text.contains("\(vcpus) vcpus"))

      let record = try host.record("web1")
      #expect(record.string("verdict") == "match", "\(record)")
      #expect(record.string("outcome") == "running")
      #expect(record.string("type") == (policy & 4 == 0 ? "sev" : "sev-es"))
      #expect(record.string("backend") == "libvirt")
      #expect(record.flag("simulated") == true)
      #expect(record.string("trust") == "local")
      #expect(record.string("measurement")?.hasPrefix(record.string("expectedMeasurement") ?? "-") == true)
    }

    @Test func `leaves the stored definition without session and owner's certificate`() throws {
      let host = try CommandHost(.libvirt)
      let libvirtd = try #require(host.libvirtd)
      try host.define(host.document("web1", policy: 3, words: GuestImage.stay))
      let before = try libvirtd.virsh.succeed("dumpxml", "--inactive", "--security-info", "web1").stdout
      try host.cvmctl.succeed("start", "web1", "--allow-simulated")
      let after = try libvirtd.virsh.succeed("dumpxml", "--inactive", "--security-info", "web1").stdout
      #expect(before == after)
      #expect(!after.contains("<session>") && !after.contains("<dhCert>"))
    }

    @Test func `delivers the secret after the match`() throws {
      let host = try CommandHost(.libvirt)
      let console = try host.directory.console("web1")
      var document = host.document("web1", policy: 3, words: GuestImage.printSecret)
      document.serial = console.path
      try host.define(document)
      let secret = "correct horse battery staple"
      let file = try host.directory.write(secret, to: "secret", mode: 0o600)
      try host.cvmctl.succeed("start", "web1", "--allow-simulated", "--secret", "luks-key=@\(file)")
      #expect(console.shows(GuestImage.done, within: .seconds(90)), "\(console.text)")
      let page = try #require(console.secretPage.flatMap { Hex.decode($0) })
      let table = try SecretTable(parsing: SecretBytes(copying: Array(page.prefix(128))))
      #expect(table.entries.map { String(decoding: OwnLaunch.data($0.secret), as: UTF8.self) } == [secret])
      #expect(try host.record("web1").number("secretsInjected") == 1)
    }

    @Test func `without consent a simulated host's measurement counts for nothing`() throws {
      let host = try CommandHost(.libvirt)
      try host.define(host.document("web1", policy: 3))
      let refused = try host.cvmctl.run("start", "web1")
      #expect(refused.status == 12, "\(refused)")
      #expect(refused.stderr.contains("--allow-simulated"))
      #expect(host.libvirtd?.guestProcesses().isEmpty == true)
    }
  }
}
