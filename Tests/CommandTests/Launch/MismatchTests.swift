import Foundation
import TestHarness
import Testing

/// The host starts something else than the owner expects: the owner's own copies of the files say what that is.
@Suite("a launch that does not match") struct MismatchTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.directory.write("kernel\n", to: "kernel")
    try sandbox.directory.write("initrd\n", to: "initrd")
    let firmware = try sandbox.firmware()
    try sandbox.define(
      GuestText(
        "web1", launch: "{type: sev-es}", firmware: firmware, more: "kernel: \(sandbox.file("kernel"))",
        "initrd: \(sandbox.file("initrd"))", "cmdline: console=ttyS0"))
  }

  private func requireDestroyed(_ record: JSONObject, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    #expect(record.string("verdict") == "mismatch", sourceLocation: sourceLocation)
    #expect(record.string("outcome") == "destroyed", sourceLocation: sourceLocation)
    #expect(record.number("secretsInjected") == 0, sourceLocation: sourceLocation)
    #expect(record.list("differences")?.isEmpty == false, sourceLocation: sourceLocation)
    #expect(
      try sandbox.succeed("domstate", "web1").stdout == "shut off\n", sourceLocation: sourceLocation)
  }

  @Test(arguments: ["firmware", "kernel", "initrd"])
  func `is destroyed, given nothing, and exits with 10`(_ part: String) throws {
    let secret = try sandbox.directory.write("never given", to: "secret", mode: 0o600)
    let other =
      part == "firmware"
      ? try sandbox.firmware(SmallFirmware(filler: 1), as: "other.fd")
      : try sandbox.directory.write("other\n", to: "other")
    let error = try sandbox.refuses(
      .measurementMismatch, "start", "web1", "--\(part)", other, "--secret", "luks-key=@\(secret)")
    #expect(error.object("details")?.list("differences")?.isEmpty == false, "\(error)")
    try requireDestroyed(try sandbox.object("launch", "show", "web1"))
    #expect(try sandbox.object("start", "web1").string("verdict") == "match")
  }

  @Test func `names the other VMSA generation, and does not accept it`() throws {
    let error = try sandbox.refuses(
      .measurementMismatch, "start", "web1", "--vmsa-generation", "init2")
    #expect(error.string("hint")?.contains("VMSA generation 'init'") == true, "\(error)")
    let record = try sandbox.object("launch", "show", "web1")
    #expect(record.string("vmsaGeneration") == "init2")
    try requireDestroyed(record)
  }

  @Test func `names the CPU signature that would fit`() throws {
    let error = try sandbox.refuses(.measurementMismatch, "start", "web1", "--vcpu-sig", "0x00800f12")
    #expect(error.string("hint")?.contains("CPU signature") == true, "\(error)")
  }

  @Test func `names guest features that would fit`() throws {
    let error = try sandbox.refuses(.measurementMismatch, "start", "web1", "--guest-features", "0x20")
    #expect(error.string("hint")?.contains("guest features 0x0") == true, "\(error)")
  }

  @Test func `is found by launch verify as well, and the verdict stays`() throws {
    try sandbox.succeed("start", "web1", "--paused")
    let other = try sandbox.firmware(SmallFirmware(filler: 1), as: "other.fd")
    let outcome = try sandbox.cvmctl.run(["launch", "verify", "web1", "--firmware", other])
    expect(outcome, is: .measurementMismatch, prints: true)
    #expect(try sandbox.object("launch", "show", "web1").string("verdict") == "mismatch")
    try sandbox.refuses(.measurementMismatch, "resume", "web1")
    let secret = try sandbox.directory.write("s", to: "secret", mode: 0o600)
    try sandbox.refuses(.conflict, "secret", "inject", "web1", "--secret", "luks-key=@\(secret)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "paused\n")
  }

  @Test func `of a digest given by number is the same`() throws {
    try sandbox.succeed("start", "web1", "--paused")
    let digest = try sandbox.succeed("measure", "--guest", "web1").stdout.dropLast()
    try sandbox.succeed("launch", "verify", "web1", "--digest", String(digest))
    let wrong = String(digest.reversed())
    try sandbox.refuses(.measurementMismatch, "launch", "verify", "web1", "--digest", wrong, prints: true)
    try sandbox.refuses(.usage, "launch", "verify", "web1", "--digest", "abcd")
  }
}
