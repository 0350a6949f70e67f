import Foundation
import TestHarness
import Testing

@Suite("sessions") struct SessionTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func create(_ name: String, policy: String = "0x3") throws -> String {
    let prefix = sandbox.file(name)
    try sandbox.succeed("session", "create", "--host", "sim:///", "--policy", policy, "--out", prefix)
    return prefix
  }

  private func mode(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? -1
  }

  private func size(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? -1
  }

  @Test func `create writes sevctl's four files, the keys for their owner alone`() throws {
    let prefix = try create("vm")
    #expect(try size(prefix + "_godh.b64") == 2780 && size(prefix + "_session.b64") == 172)
    #expect(try size(prefix + "_tek.bin") == 16 && size(prefix + "_tik.bin") == 16)
    for key in ["_tek.bin", "_tik.bin"] { #expect(try mode(prefix + key) == 0o600) }
    for name in ["_godh.b64", "_session.b64"] {
      let text = try String(contentsOfFile: prefix + name, encoding: .utf8)
      #expect(Data(base64Encoded: text) != nil && !text.contains("\n"))
    }
    #expect(try create("other") != prefix)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: prefix + "_tik.bin"))
        != Data(contentsOf: URL(fileURLWithPath: sandbox.file("other_tik.bin"))))
  }

  @Test func `the umask of others does not open the keys`() throws {
    let shell = "umask 000; exec \"$0\" \"$@\""
    let prefix = sandbox.file("vm")
    try Tool("/bin/bash").succeed(
      [
        "-c", shell, Program.cvmctl, "--state-dir", sandbox.state, "session", "create", "--host", "sim:///",
        "--policy", "0x3", "--out", prefix,
      ])
    for key in ["_tek.bin", "_tik.bin"] { #expect(try mode(prefix + key) == 0o600) }
  }

  @Test func `create overwrites nothing, and leaves nothing half made`() throws {
    let prefix = sandbox.file("vm")
    for name in ["_godh.b64", "_session.b64", "_tek.bin", "_tik.bin"] {
      try sandbox.directory.write("mine", to: "vm" + name)
      try sandbox.refuses(
        .conflict, "session", "create", "--host", "sim:///", "--policy", "0x3", "--out", prefix)
      #expect(try String(contentsOfFile: prefix + name, encoding: .utf8) == "mine")
      try FileManager.default.removeItem(atPath: prefix + name)
      let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.directory.path)
      #expect(left.filter { $0.hasPrefix("vm") }.isEmpty, "\(left)")
    }
    try sandbox.refuses(
      .notFound, "session", "create", "--host", "sim:///", "--policy", "0x3", "--out", "/nonexistent/vm")
  }

  @Test func `show and verify say what is in the files`() throws {
    let prefix = try create("vm")
    let shown = try sandbox.object("session", "show", prefix)
    let verified = try sandbox.object("session", "verify", prefix, "--policy", "0x3")
    for key in ["nonce", "sessionDigest", "ownerCertificateDigest"] {
      #expect(shown.string(key) == verified.string(key) && shown.string(key)?.isEmpty == false)
    }
    #expect(verified.string("policy") == "0x00000003")
    #expect(
      try sandbox.object("session", "verify", prefix, "--policy", "default", "--type", "sev").string("policy")
        == "0x00000003")
    for other in ["0x7", "0x1", "0xb"] {
      try sandbox.refuses(.attestationRefused, "session", "verify", prefix, "--policy", other)
    }
    try sandbox.refuses(.usage, "session", "verify", prefix, "--policy", "default")
  }

  @Test(arguments: ["_godh.b64", "_session.b64", "_tek.bin", "_tik.bin"])
  func `a file that is cut, changed, too long or away is refused`(_ name: String) throws {
    let prefix = try create("vm")
    let path = prefix + name
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    func refused(_ refusals: [Int32], _ what: String) throws {
      let outcome = try sandbox.run("session", "verify", prefix, "--policy", "0x3")
      #expect(refusals.contains(outcome.status), "\(what): \(outcome)")
      #expect(outcome.stdout.isEmpty)
    }
    try whole.dropLast(name.hasSuffix("b64") ? 4 : 1).write(to: URL(fileURLWithPath: path))
    try refused([2], "cut")
    try (whole + whole).write(to: URL(fileURLWithPath: path))
    try refused([2], "too long")
    try Data("!!!!".utf8).write(to: URL(fileURLWithPath: path))
    try refused([2], "not it")
    try Data().write(to: URL(fileURLWithPath: path))
    try refused([2], "empty")
    try FileManager.default.removeItem(atPath: path)
    try refused([3], "away")
    guard name == "_tik.bin" || name == "_session.b64" else { return }
    // Another session's: the policy's MAC is not made with this key.
    try FileManager.default.copyItem(atPath: try create("other") + name, toPath: path)
    try refused([12], "another's")
  }

  @Test func `is made for a verified platform, or says that nobody verified it`() throws {
    try sandbox.succeed("host", "certs", "export", sandbox.file("chain"), "--ca", sandbox.file("ca"))
    let chain = sandbox.file("chain")
    let unverified = try sandbox.succeed(
      "session", "create", "--pdh", chain, "--policy", "0x3", "--out", sandbox.file("a"), "-o", "json")
    #expect(try unverified.object().flag("platformVerified") == false)
    #expect(unverified.stderr.contains("not verified"))
    // With the chain's root at hand the simulation shows.
    try sandbox.refuses(
      .attestationRefused, "session", "create", "--pdh", chain, "--ca", sandbox.file("ca"), "--policy", "0x3",
      "--out", sandbox.file("b"))
    #expect(!FileManager.default.fileExists(atPath: sandbox.file("b_tik.bin")))
    try sandbox.directory.write(
      Data(try Data(contentsOf: URL(fileURLWithPath: chain)).prefix(2084)), to: "pdh")
    try sandbox.succeed(
      "session", "create", "--pdh", sandbox.file("pdh"), "--policy", "0x3", "--out", sandbox.file("c"))
  }

  @Test func `is made for files of a simulated platform with consent`() throws {
    try sandbox.succeed("host", "certs", "export", sandbox.file("chain"), "--ca", sandbox.file("ca"))
    let made = try sandbox.object(
      "session", "create", "--pdh", sandbox.file("chain"), "--ca", sandbox.file("ca"), "--policy", "0x3",
      "--out",
      sandbox.file("b"), "--allow-simulated")
    #expect(made.flag("platformVerified") == true && made.flag("simulated") == true)
  }

  @Test func `is not made from what is no PDH`() throws {
    try sandbox.succeed("host", "certs", "export", sandbox.file("chain"), "--ca", sandbox.file("ca"))
    let chain = try Data(contentsOf: URL(fileURLWithPath: sandbox.file("chain")))
    let files: [(String, Data, [Int32])] = [
      ("pek", chain[2084..<4168], [12]), ("cut", chain.prefix(2083), [2]), ("long", chain.prefix(2085), [2]),
      ("empty", Data(), [2]), ("text", Data("hello".utf8), [2]), ("zeros", Data(count: 2084), [2, 12]),
    ]
    for (name, data, refusals) in files {
      try sandbox.directory.write(data, to: name)
      let outcome = try sandbox.run(
        "session", "create", "--pdh", sandbox.file(name), "--policy", "0x3", "--out", sandbox.file("s"))
      #expect(refusals.contains(outcome.status), "\(name): \(outcome)")
      #expect(!FileManager.default.fileExists(atPath: sandbox.file("s_tik.bin")), "\(name)")
    }
  }

  @Test func `a key that is on no curve makes no session`() throws {
    try sandbox.succeed("host", "certs", "export", sandbox.file("chain"), "--ca", sandbox.file("ca"))
    var pdh = try Data(contentsOf: URL(fileURLWithPath: sandbox.file("chain"))).prefix(2084)
    pdh[0x20] ^= 1  // within QX
    try sandbox.directory.write(Data(pdh), to: "pdh")
    let outcome = try sandbox.run(
      "session", "create", "--pdh", sandbox.file("pdh"), "--policy", "0x3", "--out", sandbox.file("s"))
    #expect([2, 12].contains(outcome.status), "\(outcome)")
  }

  @Test func `policies that leave the guest open need consent here too`() throws {
    let words = ["session", "create", "--host", "sim:///", "--out", sandbox.file("s"), "--policy"]
    try sandbox.refuses(.policyViolation, words + ["0x1"])
    try sandbox.refuses(.policyViolation, words + ["0x2"])
    try sandbox.refuses(.policyViolation, words + ["0x40"])
    try sandbox.refuses(.unsupported, words + ["0x30000"])
    try sandbox.refuses(.usage, words + ["default"])
    try sandbox.refuses(.usage, "session", "create", "--policy", "0x3", "--out", sandbox.file("s"))
    try sandbox.cvmctl.succeed(words + ["0x1", "--allow-key-sharing"])
  }
}
