import Foundation
import TestHarness
import Testing

/// Worked digests of the example firmware, recomputed independently.
@Suite("measure") struct MeasureTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.directory.write("kernel\n", to: "kernel")
    try sandbox.directory.write("initrd\n", to: "initrd")
  }

  private func guest(_ type: String, vcpus: Int = 1, kernel: Bool = false, cpu: String = "EPYC-Milan") throws
    -> String
  {
    var guest = GuestText(
      "web1", launch: "{type: \(type)}", firmware: try sandbox.firmware(), more: "vcpus: \(vcpus)")
    if kernel {
      guest.more += [
        "kernel: \(sandbox.file("kernel"))", "initrd: \(sandbox.file("initrd"))",
        "cmdline: console=ttyS0 root=/dev/vda1",
      ]
    }
    return try sandbox.directory.write(guest.yaml.replacing("EPYC-Milan", with: cpu), to: "guest.yaml")
  }

  @Test(arguments: [
    (
      type: "sev", vcpus: 1, kernel: false, options: "",
      digest: "e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0"
    ),
    ("sev", 4, true, "", "7250cf4090109b498eeed9a6f7a50c4d7819a19b797b6efc568a0c6c0be3288c"),
    ("sev-es", 1, false, "", "80a7735f0ba719092a105c6c676f912b470980d352566f895adae3157ff4ffaf"),
    (
      "sev-es", 1, false, "--vmsa-generation init2",
      "ef641f163503f24de69f704debe1406e60337c9556e819cee3eb97387ccff8f8"
    ),
    ("sev-es", 4, false, "", "ccf5fad73fa3ca0dd778899b8c57e2972c6c2d85818c6d52316e2073540689ed"),
    ("sev-es", 4, true, "", "da9c2136bf0cdcc01f74d9cc3df04db792e8aa0e1983eed11050cf7b62d72e28"),
    (
      "sev-es", 4, true, "--vmsa-generation init2",
      "1f68fdd198746a78b5156e01b9b19a8a592dc6508fa67942cdebbad667e35046"
    ),
  ]) func `predicts the worked digests`(
    _ example: (type: String, vcpus: Int, kernel: Bool, options: String, digest: String)
  ) throws {
    let file = try guest(example.type, vcpus: example.vcpus, kernel: example.kernel)
    let options = example.options.split(separator: " ").map(String.init)
    let told = try sandbox.cvmctl.succeed(["measure", "--guest-file", file] + options)
    #expect(told.stdout == example.digest + "\n")
    try sandbox.succeed("define", file)
    #expect(
      try sandbox.cvmctl.succeed(["measure", "--guest", "web1"] + options).stdout == example.digest + "\n")
    let data = try sandbox.cvmctl.succeed(["measure", "--guest", "web1", "-o", "json"] + options).object()
    #expect(data.string("digest") == example.digest)
    let base64 = try sandbox.cvmctl.succeed(
      ["measure", "--guest", "web1", "--output-format", "base64"] + options
    ).stdout
    #expect(
      Data(base64Encoded: String(base64.dropLast()))?.map { String(format: "%02x", $0) }.joined()
        == example.digest)
  }

  @Test func `takes the owner's own copies of the files`() throws {
    let file = try guest("sev", kernel: true)
    let (firmware, kernel) = (sandbox.file("ex.fd"), sandbox.file("kernel"))
    let elsewhere = try String(contentsOfFile: file, encoding: .utf8)
      .replacing(sandbox.directory.path, with: "/nonexistent")
    let remote = try sandbox.directory.write(elsewhere, to: "remote.yaml")
    try sandbox.refuses(.notFound, "measure", "--guest-file", remote)
    let told = try sandbox.succeed(
      "measure", "--guest-file", remote, "--firmware", firmware, "--kernel", kernel, "--initrd",
      sandbox.file("initrd"))
    #expect(told.stdout == "7250cf4090109b498eeed9a6f7a50c4d7819a19b797b6efc568a0c6c0be3288c\n")
  }

  @Test func `changes nothing, and asks no host`() throws {
    let file = try guest("sev")
    let fresh = try Sandbox(hasHost: false)
    try fresh.bare.succeed("--state-dir", fresh.state, "-c", "sim:///", "measure", "--guest-file", file)
    #expect(!FileManager.default.fileExists(atPath: fresh.state + "/sim"))
  }

  @Test func `refuses what nothing measures`() throws {
    let plain = try sandbox.directory.write(GuestText("plain", launch: nil).yaml, to: "plain.yaml")
    try sandbox.refuses(.usage, "measure", "--guest-file", plain)
    let bare = try sandbox.directory.write(GuestText("bare", firmware: nil).yaml, to: "bare.yaml")
    try sandbox.refuses(.usage, "measure", "--guest-file", bare)
    try sandbox.refuses(.unsupported, "measure", "--guest-file", try guest("sev-snp"))
    try sandbox.refuses(.usage, "measure", "--guest-file", try guest("sev-es", cpu: "host-model"))
    try sandbox.succeed(
      "measure", "--guest-file", try guest("sev-es", cpu: "host-model"), "--vcpu-sig", "0xa00f11")
    try sandbox.refuses(.usage, "measure", "--guest-file", try guest("sev-es", cpu: "NoSuchModel"))
    try sandbox.refuses(.usage, "measure")
    try sandbox.refuses(.usage, "measure", "--guest", "a", "--guest-file", "b")
    try sandbox.refuses(.notFound, "measure", "--guest", "nosuch")
    for option in ["--vmsa-generation init3", "--output-format octal", "--vcpu-sig x", "--guest-features -1"]
    {
      let words = option.split(separator: " ").map(String.init)
      try sandbox.refuses(.usage, ["measure", "--guest-file", try guest("sev-es")] + words)
    }
  }
}
