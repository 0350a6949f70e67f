import Foundation
import TestHarness
import Testing

/// `launch verify` from files and options alone. The measurement is the worked example's, recomputed independently: the
/// example firmware under plain SEV, TIK 30..3f, API 1.55, build 21, policy 1, nonce f0..ff.
@Suite("launch verify offline") struct OfflineVerifyTests {
  static let measurement = Data(
    [UInt8]("bf37a92abe4697d1c2799cba91809158c8fb579d1cee350d5590e2380a66ed31".hexBytes) + Array(0xF0...0xFF)
  ).base64EncodedString()

  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox(hasHost: false)
    _ = try sandbox.firmware()
    try sandbox.directory.write(Data(0x30...0x3F), to: "tik")
    try sandbox.directory.write(Data(0x20...0x2F), to: "tek")
  }

  /// The options of the worked example, some of them replaced or (nil) left out.
  private func words(_ changes: [String: String?] = [:]) -> [String] {
    var options: [String: String] = [
      "--tik": sandbox.file("tik"), "--tek": sandbox.file("tek"), "--measurement": Self.measurement,
      "--api-major": "1", "--api-minor": "55", "--build-id": "21", "--policy": "1",
      "--firmware": sandbox.file("ex.fd"),
    ]
    for (name, value) in changes { options[name] = value }
    return ["launch", "verify"] + options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
  }

  @Test func `accepts the worked measurement`() throws {
    let verification = try sandbox.bare.succeed(words() + ["-o", "json"]).object()
    #expect(verification.string("verdict") == "match")
    #expect(
      verification.string("expectedDigest")
        == "e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0")
    #expect(
      verification.string("measurement") == "bf37a92abe4697d1c2799cba91809158c8fb579d1cee350d5590e2380a66ed31"
    )
    #expect(verification.string("nonce") == "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    #expect(verification.string("policy") == "0x00000001")
    #expect(verification.flag("simulated") == false && verification.values["guest"] is NSNull)
    #expect(try sandbox.bare.succeed(words(["--policy": "0x1", "--tek": nil])).status == 0)
    let digest = "e18b8c310a43ae6c2cc3112d2ce6e31ac6b8dcfa724a2939bdfcd9d27441dbb0"
    #expect(try sandbox.bare.succeed(words(["--firmware": nil, "--digest": digest])).status == 0)
  }

  @Test func `needs no state directory and makes none`() throws {
    try sandbox.bare.with("--state-dir", sandbox.state).succeed(words())
    #expect(!FileManager.default.fileExists(atPath: sandbox.state))
  }

  @Test(arguments: [
    "--api-major", "--api-minor", "--build-id", "--policy", "--firmware", "--tik", "--kernel", "--digest",
    "--measurement",
  ]) func `every wrong input is exit 10, and the verdict says mismatch`(_ option: String) throws {
    try sandbox.directory.write(Data(0x31...0x40), to: "othertik")
    try sandbox.directory.write(SmallFirmware(filler: 1).data, to: "other.fd")
    var changes: [String: String?] = [:]
    switch option {
    case "--policy": changes[option] = "3"
    case "--firmware": changes[option] = sandbox.file("other.fd")
    case "--tik": changes[option] = sandbox.file("othertik")
    case "--kernel": changes[option] = sandbox.file("tik")
    case "--digest":
      changes = [option: String(repeating: "0", count: 64), "--firmware": nil]
    case "--measurement":
      changes[option] = "A" + Self.measurement.dropFirst()
    default: changes[option] = "2"
    }
    let outcome = try sandbox.bare.run(words(changes))
    expect(outcome, is: .measurementMismatch, prints: true)
    #expect(outcome.stdout.contains("mismatch"))
    let data = try sandbox.bare.run(words(changes) + ["-o", "json"])
    #expect(data.status == 10)
    #expect(try data.object().string("verdict") == "mismatch")
    #expect(try data.object().list("differences")?.isEmpty == false)
    #expect(try data.errorObject().string("code") == "measurement-mismatch")
  }

  @Test func `a launch without a session is named: its keys are all zero`() throws {
    try sandbox.directory.write(Data(count: 16), to: "zero")
    let outcome = try sandbox.bare.run(words(["--tik": sandbox.file("zero")]))
    expect(outcome, is: .measurementMismatch, prints: true)
    #expect(outcome.stderr.contains("all zero"), "\(outcome.stderr)")
  }

  @Test(arguments: [47, 49, 0, 32, 64, 96]) func `a measurement that is not 48 bytes is a usage error`(
    _ count: Int
  ) throws {
    let value = Data(count: count).base64EncodedString()
    expect(try sandbox.bare.run(words(["--measurement": value])), is: .usage)
  }

  @Test(arguments: [
    ("--measurement", "not base64!"), ("--measurement", OfflineVerifyTests.measurement + "="),
    ("--measurement", " " + OfflineVerifyTests.measurement),
    ("--measurement", OfflineVerifyTests.measurement + "\n"),
    ("--api-major", "256"), ("--api-minor", "-1"), ("--api-minor", "+55"), ("--build-id", "x"),
    ("--build-id", ""),
    ("--policy", "0x100000000"), ("--policy", "default1!"), ("--digest", "abc"), ("--num-cpus", "x"),
  ]) func `a value that is none is a usage error`(_ option: String, _ value: String) throws {
    var changes: [String: String?] = [option: value]
    if option == "--digest" { changes["--firmware"] = .some(nil) }
    if option == "--num-cpus" {
      changes.merge(["--policy": "5", "--cpu-family": "25", "--cpu-model": "1", "--cpu-stepping": "1"]) { $1 }
    }
    expect(try sandbox.bare.run(words(changes)), is: .usage)
  }

  @Test(arguments: [0, 15, 17, 32, 4096, 5000]) func `a TIK that is not 16 bytes is a usage error`(
    _ count: Int
  ) throws {
    try sandbox.directory.write(Data(repeating: 7, count: count), to: "bad")
    expect(try sandbox.bare.run(words(["--tik": sandbox.file("bad")])), is: .usage)
    expect(try sandbox.bare.run(words(["--tek": sandbox.file("bad")])), is: .usage)
  }

  @Test(arguments: [
    "--tik", "--measurement", "--api-major", "--api-minor", "--build-id", "--policy", "--firmware",
  ])
  func `a part left out is named`(_ option: String) throws {
    let outcome = try sandbox.bare.run(words([option: nil]))
    expect(outcome, is: .usage)
    #expect(outcome.stderr.contains(option), "\(outcome.stderr)")
  }

  @Test func `combinations that mean nothing are usage errors`() throws {
    let digest = String(repeating: "0", count: 64)
    let bad: [[String: String?]] = [
      ["--initrd": sandbox.file("tik")], ["--cmdline": "quiet"], ["--digest": digest],
      ["--cpu-family": "25"], ["--policy": "5"], ["--policy": "5", "--num-cpus": "1"],
      ["--policy": "5", "--num-cpus": "0", "--cpu-family": "25", "--cpu-model": "1", "--cpu-stepping": "1"],
      [
        "--policy": "5", "--num-cpus": "5000", "--cpu-family": "25", "--cpu-model": "1",
        "--cpu-stepping": "1",
      ],
      ["--policy": "5", "--num-cpus": "1", "--cpu-family": "300", "--cpu-model": "1", "--cpu-stepping": "1"],
      [
        "--vmsa-generation": "init3", "--policy": "5", "--num-cpus": "1", "--cpu-family": "25",
        "--cpu-model": "1", "--cpu-stepping": "1",
      ],
    ]
    for changes in bad { expect(try sandbox.bare.run(words(changes)), is: .usage) }
    expect(try sandbox.bare.run(["launch", "verify", "web1"] + words().dropFirst(2)), is: .usage)
  }

  @Test func `a vmsa generation that does not exist is refused for plain SEV too`() throws {
    expect(try sandbox.bare.run(words(["--vmsa-generation": "init3"])), is: .usage)
  }

  @Test func `files that are not there are not found, firmware with a damaged table is a usage error`() throws
  {
    for option in ["--tik", "--tek", "--firmware", "--kernel"] {
      expect(try sandbox.bare.run(words([option: "/nonexistent"])), is: .notFound)
    }
    var image = SmallFirmware().data
    image[0xFE0 - 18] = 0xFF
    image[0xFE0 - 17] = 0xFF
    try sandbox.directory.write(image, to: "damaged.fd")
    expect(try sandbox.bare.run(words(["--firmware": sandbox.file("damaged.fd")])), is: .usage)
  }

  @Test func `names the VMSA generation that would fit`() throws {
    // Made by a simulated host, whose guests start with the registers of KVM's first init.
    let host = try Sandbox()
    try host.define(GuestText("web1", launch: "{type: sev-es}", firmware: try host.firmware()))
    try host.succeed("session", "create", "--host", "sim:///", "--policy", "0x7", "--out", host.file("s"))
    try host.succeed("start", "web1", "--session", host.file("s"), "--paused")
    let info = try host.object("domlaunchsecinfo", "web1")
    let words = [
      "launch", "verify", "--tik", host.file("s_tik.bin"), "--tek", host.file("s_tek.bin"), "--measurement",
      try #require(info.string("measurement")), "--api-major", "\(info.number("apiMajor")!)", "--api-minor",
      "\(info.number("apiMinor")!)", "--build-id", "\(info.number("buildId")!)", "--policy", "7",
      "--firmware",
      host.file("ex.fd"), "--num-cpus", "1", "--cpu-family", "25", "--cpu-model", "1", "--cpu-stepping", "1",
    ]
    try host.bare.succeed(words)
    let outcome = try host.bare.run(words + ["--vmsa-generation", "init2"])
    expect(outcome, is: .measurementMismatch, prints: true)
    #expect(outcome.stderr.contains("VMSA generation 'init'"), "\(outcome.stderr)")
  }
}

extension String {
  /// Pairs of hexadecimal digits as bytes.
  var hexBytes: [UInt8] {
    var bytes: [UInt8] = []
    var rest = self[...]
    while !rest.isEmpty {
      bytes.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
