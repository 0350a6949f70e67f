import Foundation
import TestHarness
import Testing

/// The host's copy of a definition changed behind cvmctl's back: here by another cvmctl, whose store knows nothing of it.
@Suite("drift") struct DriftTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.directory.write("kernel\n", to: "kernel")
    try sandbox.define(
      GuestText(
        "web1", launch: "{type: sev-es}", firmware: try sandbox.firmware(),
        more: "kernel: \(sandbox.file("kernel"))", "cmdline: quiet", "vcpus: 2"))
  }

  /// Replaces a text in the host's stored definition.
  private func edit(_ changes: (old: String, new: String)...) throws {
    var xml = try sandbox.succeed("dumpxml", "--inactive", "web1").stdout
    for (old, new) in changes {
      try #require(xml.contains(old), "\(xml)")
      xml = xml.replacing(old, with: new)
    }
    let file = try sandbox.directory.write(xml, to: "changed.xml")
    try behindItsBack("define", file)
  }

  /// Runs cvmctl as somebody else would who has the same host and another store.
  private func behindItsBack(_ words: String...) throws {
    let (own, other) = (sandbox.state + "/sim/default", sandbox.file("other/sim/default"))
    let elsewhere = sandbox.bare.with("--state-dir", sandbox.file("other"), "-c", "sim:///")
    if !FileManager.default.fileExists(atPath: other) {
      try elsewhere.succeed("sim", "host", "create", "unused")
    }
    try FileManager.default.moveItem(atPath: own, toPath: other)
    try elsewhere.succeed(words)
    try FileManager.default.moveItem(atPath: other, toPath: own)
  }

  static let edits: [(what: String, old: String, new: String)] = [
    ("policy", "<policy>0x0007</policy>", "<policy>0x0005</policy>"),
    ("launch security", "<policy>0x0007</policy>", "<policy>0x0003</policy>"),
    ("kernel hashes", " kernelHashes='yes'", " kernelHashes='no'"),
    ("firmware", "ex.fd</loader>", "evil.fd</loader>"), ("kernel", "/kernel</kernel>", "/evil</kernel>"),
    ("command line", "<cmdline>quiet</cmdline>", "<cmdline>init=/bin/sh</cmdline>"),
    ("initrd", "<cmdline>", "<initrd>/evil</initrd><cmdline>"), ("vCPUs", "<vcpu>2</vcpu>", "<vcpu>1</vcpu>"),
    ("CPU model", ">EPYC-Milan<", ">EPYC-Rome<"),
  ]

  @Test(arguments: edits.map(\.what)) func `is named, and the guest does not start`(_ what: String) throws {
    let change = try #require(Self.edits.first { $0.what == what })
    try edit((change.old, change.new))
    let error = try sandbox.refuses(.policyViolation, "start", "web1")
    #expect(error.string("message")?.contains(what) == true, "\(error)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    #expect(try sandbox.object("launch", "show", "web1").string("outcome") == "failed")
  }

  @Test func `to a guest without launch security does not start it plainly`() throws {
    try edit(("<launchSecurity type='sev' kernelHashes='yes'>", "<!--"), ("</launchSecurity>", "-->"))
    try sandbox.refuses(.policyViolation, "start", "web1")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    #expect(try sandbox.list("list", "--all")[0].flag("confidential") == true)
  }

  @Test func `a guest that vanished from its host is listed as missing`() throws {
    try behindItsBack("undefine", "web1")
    #expect(try sandbox.list("list", "--all").map { $0.string("state") } == ["missing"])
    try sandbox.refuses(.notFound, "start", "web1")
    try sandbox.succeed("undefine", "web1")
    #expect(try sandbox.list("list", "--all").isEmpty)
  }
}
