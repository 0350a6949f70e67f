import Foundation
import TestHarness
import Testing

/// What stops a launch before anything is started.
@Suite("a launch that policy forbids") struct LaunchPolicyTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func requireOff(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try sandbox.succeed("domstate", name).stdout == "shut off\n", sourceLocation: sourceLocation)
    #expect(
      try sandbox.object("launch", "show", name).string("outcome") == "failed", sourceLocation: sourceLocation
    )
  }

  @Test func `debugging needs --allow-debug, key sharing --allow-key-sharing`() throws {
    try sandbox.define(GuestText("open1", launch: "{type: sev, policy: 0x0}"))
    try sandbox.refuses(.policyViolation, "start", "open1")
    try sandbox.refuses(.policyViolation, "start", "open1", "--allow-debug")
    let error = try sandbox.refuses(.policyViolation, "start", "open1", "--allow-key-sharing")
    #expect(error.string("hint")?.contains("--allow-debug") == true)
    try requireOff("open1")
    try sandbox.succeed("start", "open1", "--allow-debug", "--allow-key-sharing")
  }

  @Test(arguments: ["0x1", "1", "NODBG"]) func `QEMU's usual policy leaves key sharing open: refused`(
    _ policy: String
  ) throws {
    try sandbox.define(GuestText("open1", launch: "{type: sev, policy: \(policy)}"))
    let error = try sandbox.refuses(.policyViolation, "start", "open1")
    #expect(error.string("hint")?.contains("--allow-key-sharing") == true, "\(error)")
  }

  @Test func `a kernel that nothing measures does not boot`() throws {
    try sandbox.directory.write("kernel\n", to: "kernel")
    // Domain XML says itself whether kernels are measured.
    let guest = GuestText("web1", firmware: try sandbox.firmware(), more: "kernel: \(sandbox.file("kernel"))")
    let file = try sandbox.directory.write(guest.yaml, to: "web1.yaml")
    let xml = try sandbox.succeed("define", "--dry-run", file).stdout
    #expect(xml.contains("kernelHashes='yes'"))
    let unmeasured = try sandbox.directory.write(
      xml.replacingOccurrences(of: " kernelHashes='yes'", with: ""), to: "web1.xml")
    try sandbox.succeed("define", unmeasured)
    let error = try sandbox.refuses(.policyViolation, "start", "web1")
    #expect(error.string("hint")?.contains("kernelHashes='yes'") == true, "\(error)")
    try requireOff("web1")
    try sandbox.succeed("start", "web1", "--allow-unmeasured-kernel")
    #expect(try sandbox.object("launch", "show", "web1").flag("kernelHashes") == false)
  }

  @Test(arguments: [
    ("Debian's", nil as SmallFirmware?), ("none", SmallFirmware(hashes: nil)),
    ("zero", SmallFirmware(hashes: (0, 0))), ("small", SmallFirmware(hashes: (0x810C00, 175))),
  ]) func `firmware without room for kernel hashes is refused before the start, with what would do`(
    _ name: String, _ image: SmallFirmware?
  ) throws {
    try sandbox.directory.write("kernel\n", to: "kernel")
    let firmware = try image.map { try sandbox.firmware($0) } ?? GuestText.ovmf
    try sandbox.define(GuestText("web1", firmware: firmware, more: "kernel: \(sandbox.file("kernel"))"))
    let error = try sandbox.refuses(.unsupported, "start", "web1")
    #expect(error.string("hint")?.isEmpty == false, "\(error)")
    #expect(error.string("message")?.contains(firmware) == true, "\(error)")
    try requireOff("web1")
  }

  @Test(arguments: [
    ("Debian's", nil as SmallFirmware?), ("none", SmallFirmware(secret: nil)),
    ("zero", SmallFirmware(secret: (0, 0))), ("small", SmallFirmware(secret: (0x80D000, 64))),
  ]) func `firmware without room for the secret is refused before the start, with what would do`(
    _ name: String, _ image: SmallFirmware?
  ) throws {
    let secret = try sandbox.directory.write("twenty-nine bytes of secret..", to: "secret", mode: 0o600)
    let firmware = try image.map { try sandbox.firmware($0) } ?? GuestText.ovmf
    try sandbox.define(GuestText("web1", firmware: firmware))
    let error = try sandbox.refuses(
      .unsupported, "start", "web1", "--secret", "luks-key=@\(secret)")
    #expect(error.string("hint")?.isEmpty == false, "\(error)")
    try requireOff("web1")
    try sandbox.succeed("start", "web1")
  }

  @Test func `SEV-ES firmware without a reset block is refused`() throws {
    for image in [SmallFirmware(reset: nil), SmallFirmware(reset: 0), SmallFirmware(hasFooter: false)] {
      let firmware = try sandbox.firmware(image)
      try sandbox.define(GuestText("web1", launch: "{type: sev-es}", firmware: firmware, more: "vcpus: 2"))
      try sandbox.refuses(.unsupported, "start", "web1")
      try requireOff("web1")
    }
  }

  @Test func `a writable firmware store is refused at define and at start`() throws {
    try sandbox.define(GuestText("web1"))
    let xml = try sandbox.succeed("dumpxml", "web1").stdout
      .replacingOccurrences(
        of: "<loader readonly='yes' type='pflash' stateless='yes'>",
        with: "<loader readonly='yes' type='pflash'>"
      )
      .replacingOccurrences(of: "</loader>", with: "</loader><nvram>/var/lib/vars.fd</nvram>")
    let file = try sandbox.directory.write(xml, to: "web1.xml")
    try sandbox.refusesUntouched(.policyViolation, "define", file)
  }

  @Test func `SEV-SNP is unsupported, and nothing else is started in its place`() throws {
    let file = try sandbox.directory.write(GuestText("snp1", launch: "{type: sev-snp}").yaml, to: "snp1.yaml")
    try sandbox.refuses(.unsupported, "define", file)
    #expect(try sandbox.list("list", "--all").isEmpty)
  }

  @Test func `a host without SEV-ES refuses SEV-ES, and starts nothing in its place`() throws {
    try sandbox.succeed("sim", "host", "create", "old", "--no-es")
    let file = try sandbox.directory.write(GuestText("es1", launch: "{type: sev-es}").yaml, to: "es1.yaml")
    try sandbox.succeed("-c", "sim:///old", "define", file)
    let outcome = try sandbox.run("-c", "sim:///old", "-o", "json", "start", "es1")
    #expect(outcome.status == Refusal.unsupported.rawValue, "\(outcome.stderr)")
    #expect(try sandbox.succeed("-c", "sim:///old", "domstate", "es1").stdout == "shut off\n")
  }

  @Test func `a firmware older than the policy's minimum refuses the launch`() throws {
    try sandbox.succeed("sim", "host", "create", "old", "--api", "0.17", "--build", "1")
    let file = try sandbox.directory.write(
      GuestText("new1", launch: "{type: sev, policy: 0x18000003}").yaml, to: "new1.yaml")
    try sandbox.succeed("-c", "sim:///old", "define", file)
    let outcome = try sandbox.run("-c", "sim:///old", "-o", "json", "start", "new1")
    #expect(outcome.status == 1, "\(outcome.stderr)")
    #expect(try outcome.errorObject().string("hint")?.contains("policy") == true)
    #expect(try sandbox.succeed("-c", "sim:///old", "domstate", "new1").stdout == "shut off\n")
  }
}
