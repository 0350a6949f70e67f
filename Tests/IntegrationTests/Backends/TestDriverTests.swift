import Foundation
import TestHarness
import Testing

extension Integration {
  /// libvirt's built-in test driver: no daemon, no QEMU, one guest called `test`. Each command is a host of its own.
  @Suite("test:///default") struct TestDriverTests {
    let directory: ScratchDirectory
    let cvmctl: Tool
    let virsh = Tool("/usr/bin/virsh", ["-q", "-c", "test:///default"])

    init() throws {
      directory = try ScratchDirectory()
      cvmctl = .cvmctl("test:///default", state: directory.file("state"))
    }

    @Test func `lists what virsh lists`() throws {
      let guests = try #require(try cvmctl.succeed("-o", "json", "list", "--all").json() as? [[String: Any]])
      #expect(guests.map { $0["name"] as? String } == ["test"])
      #expect(guests.map { $0["state"] as? String } == ["running"])
      #expect(try cvmctl.succeed("list", "--all", "-o", "name").stdout == "test\n")
    }

    @Test(arguments: ["domid", "domuuid", "domstate"])
    func `answers as virsh`(_ verb: String) throws {
      let theirs = try virsh.succeed(verb, "test").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
      let ours = try cvmctl.succeed(verb, "test").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(ours == theirs)
    }

    @Test func `prints virsh's definition`() throws {
      let theirs = try virsh.succeed("dumpxml", "test").stdout
      let ours = try cvmctl.succeed("dumpxml", "test").stdout
      #expect(
        ours.trimmingCharacters(in: .whitespacesAndNewlines)
          == theirs.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    @Test func `tells virsh's dominfo`() throws {
      let theirs = VirshTable(try virsh.succeed("dominfo", "test").stdout)
      let ours = VirshTable(try cvmctl.succeed("dominfo", "test").stdout)
      for key in [
        "Id", "Name", "UUID", "OS Type", "State", "CPU(s)", "Max memory", "Persistent", "Autostart",
      ] {
        #expect(ours[key] == theirs[key], "\(key)")
      }
    }

    @Test func `acts on a guest without launch security`() throws {
      try cvmctl.succeed("suspend", "test")
      try cvmctl.succeed("destroy", "test")
      #expect(try cvmctl.run("start", "test").status == 4, "it runs: each command makes a host of its own")
    }

    @Test func `says that it has no SEV`() throws {
      let outcome = try cvmctl.run("-o", "json", "nodesevinfo")
      #expect(outcome.status == 5)
      #expect(try outcome.errorObject().string("code") == "unsupported")
    }

    @Test func `knows no other guest`() throws {
      #expect(try cvmctl.run("dominfo", "nobody").status == 3)
    }
  }
}
