import Foundation
import TestHarness
import Testing

@Suite("measure record") struct ReferenceValueTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.directory.write("kernel\n", to: "kernel")
    try define()
  }

  private func define(vcpus: Int = 2) throws {
    let guest = GuestText(
      "web1", launch: "{type: sev-es}", firmware: try sandbox.firmware(),
      more: "vcpus: \(vcpus)", "kernel: \(sandbox.file("kernel"))", "cmdline: quiet")
    try sandbox.define(guest)
  }

  @Test func `records what start and launch verify take by its name`() throws {
    try sandbox.succeed("measure", "record", "--guest", "web1", "web")
    let shown = try sandbox.object("measure", "record", "show", "web")
    let digest = try sandbox.succeed("measure", "--guest", "web1").stdout
    #expect(shown.object("expected")?.string("digest") == String(digest.dropLast()))
    #expect(shown.string("signature") == "valid")
    let record = try sandbox.object("start", "web1", "--reference", "web")
    #expect(record.string("referenceName") == "web" && record.number("referenceVersion") == 1)
    #expect(try sandbox.succeed("launch", "verify", "web1", "--reference", "web@1").stdout.contains("web@1"))
    try sandbox.succeed("destroy", "web1")
    try sandbox.directory.write("another\n", to: "kernel")
    let changed = try sandbox.run("start", "web1", "--reference", "web", "--no-progress")
    expect(changed, is: .measurementMismatch)
    #expect(
      changed.stderr.contains("kernel \(sandbox.file("kernel")) changed since it was recorded (sha256 "))
    try sandbox.directory.write("kernel\n", to: "kernel")
    try define(vcpus: 4)
    let other = try sandbox.run("start", "web1", "--reference", "web", "--no-progress")
    expect(other, is: .measurementMismatch)
    #expect(other.stderr.contains("the expectation differs: vCPUs 4, recorded 2"))
  }

  @Test func `exports, imports, lists and deletes`() throws {
    let (file, key) = (sandbox.file("web.json"), sandbox.file("key.pub"))
    try sandbox.succeed("measure", "record", "--guest", "web1", "web")
    try sandbox.succeed("measure", "record", "--guest", "web1", "web", "--valid-until", "2001-01-01")
    try sandbox.refuses(.attestationRefused, "start", "web1", "--reference", "web")
    try sandbox.succeed("measure", "record", "export", "web@1", "--out", file)
    try sandbox.refuses(.conflict, "measure", "record", "export", "web", "--out", file)
    for format in ["corim", "rvps"] {
      try sandbox.succeed("measure", "record", "export", "web", "--format", format, "--out", file + format)
      // Nothing is signed there.
      try sandbox.refuses(.usage, "measure", "record", "import", file + format)
    }
    try sandbox.succeed("key", "export", "reference-values", "--public", "--out", key)
    try sandbox.succeed("tenant", "create", "acme")
    try sandbox.refuses(.attestationRefused, "-t", "acme", "measure", "record", "import", file)
    try sandbox.succeed("-t", "acme", "measure", "record", "import", file, "--key", key, "--name", "theirs")
    #expect(try sandbox.succeed("-t", "acme", "measure", "record", "list", "-o", "name").stdout == "theirs\n")
    #expect(try sandbox.list("measure", "record", "list", "--versions").count == 2)
    try sandbox.succeed("measure", "record", "delete", "web@2")
    #expect(try sandbox.object("measure", "record", "show", "web").number("version") == 1)
    try sandbox.succeed("measure", "record", "delete", "web")
    try sandbox.refuses(.notFound, "measure", "record", "show", "web")
  }

  @Test func `takes a digest that was predicted elsewhere`() throws {
    let digest = String(repeating: "ab", count: 48)
    try sandbox.succeed(
      "measure", "record", "snp", "--digest", digest, "--type", "sev-snp", "--policy", "0x30000")
    #expect(
      try sandbox.object("measure", "record", "show", "snp").object("expected")?.string("digest") == digest)
    try sandbox.refuses(.measurementMismatch, "start", "web1", "--reference", "snp")
    try sandbox.refuses(.usage, "measure", "record", "a", "--digest", digest)
    try sandbox.refuses(.usage, "measure", "record", "a", "--digest", digest, "--type", "sev")
    try sandbox.refuses(.usage, "measure", "record", "a", "--digest", digest, "--guest", "web1")
    try sandbox.refuses(.usage, "measure", "record", "--guest", "web1")
    try sandbox.refuses(.usage, "measure", "record", "--guest", "web1", "list")
  }

  @Test func `and what is below it have their own help and errors`() throws {
    for words in [["measure"], ["measure", "record"], ["measure", "record", "list"]] {
      let help = try sandbox.bare.succeed(words + ["--help"]).stdout
      #expect(help.contains("USAGE: cvmctl \(words.joined(separator: " "))"), "\(help)")
    }
    let outcome = try sandbox.run("measure", "record", "list", "--nonsense")
    expect(outcome, is: .usage)
    #expect(outcome.stderr.contains("--nonsense"))
  }
}
