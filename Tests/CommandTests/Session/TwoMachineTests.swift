import Foundation
import TestHarness
import Testing

/// The owner's flow with the keys where they belong: the host has the public halves of the session alone.
@Suite("a launch in pieces on two machines") struct TwoMachineTests {
  let host: Sandbox
  /// The owner's machine: files, no host.
  let owner: Sandbox
  let firmware: String

  init() throws {
    host = try Sandbox()
    owner = try Sandbox()
    firmware = try host.firmware()
    try host.define(GuestText("web1", launch: "{type: sev-es}", firmware: firmware))
    try owner.directory.write("correct horse battery staple\0", to: "secret", mode: 0o600)
  }

  /// What travels: the platform's PDH to the owner, two public files to the host.
  private func session(_ name: String = "s") throws -> String {
    let platform = host.file("\(name)-platform")
    try host.succeed("host", "certs", "export", platform)
    try owner.succeed(
      "session", "create", "--pdh", platform, "--policy", "0x7", "--type", "sev-es", "--out",
      owner.file(name))
    for part in ["_godh.b64", "_session.b64"] {
      try FileManager.default.copyItem(atPath: owner.file(name) + part, toPath: host.file(name) + part)
    }
    return host.file(name)
  }

  private func judged(_ name: String = "s", tik: String? = nil) throws -> Outcome {
    let info = try host.object("domlaunchsecinfo", "web1")
    return try owner.run(
      "launch", "verify", "--tik", tik ?? owner.file(name) + "_tik.bin", "--tek",
      owner.file(name) + "_tek.bin", "--measurement", try #require(info.string("measurement")), "--api-major",
      "\(try #require(info.number("apiMajor")))", "--api-minor", "\(try #require(info.number("apiMinor")))",
      "--build-id", "\(try #require(info.number("buildId")))", "--policy", "7", "--firmware", firmware,
      "--num-cpus", "1", "--cpu-family", "25", "--cpu-model", "1", "--cpu-stepping", "1")
  }

  private func packet(_ name: String = "s", tik: String? = nil, measurement: String? = nil) throws -> String {
    let prefix = owner.file("p\(Int.random(in: 0..<1_000_000))")
    let info = try host.object("domlaunchsecinfo", "web1")
    try owner.succeed(
      "secret", "build", "--tik", tik ?? owner.file(name) + "_tik.bin", "--tek",
      owner.file(name) + "_tek.bin", "--measurement",
      measurement ?? #require(info.string("measurement")), "--secret",
      "luks-key:\(owner.file("secret"))", "--out", prefix)
    return prefix
  }

  @Test func `the owner judges, the owner's packet lets the guest go on`() throws {
    let started = try host.object("start", "web1", "--session", try session(), "--paused")
    #expect(started.string("outcome") == "paused" && started.string("verdict") == "pending")
    #expect(started.string("expectedMeasurement") == nil)
    let verdict = try judged()
    #expect(verdict.status == 0, "\(verdict)")
    try host.refuses(.conflict, "resume", "web1")
    try host.refuses(.conflict, "launch", "verify", "web1")
    try host.succeed("secret", "inject", "web1", "--packet", try packet())
    let record = try host.object("launch", "show", "web1")
    #expect(record.string("verdict") == "match" && record.number("secretsInjected") == 1)
    try host.refuses(.conflict, "secret", "inject", "web1", "--packet", try packet())
    try host.succeed("resume", "web1")
    #expect(try host.object("launch", "show", "web1").string("outcome") == "running")
    #expect(try host.succeed("domstate", "web1").stdout == "running\n")
  }

  @Test func `a packet that is not the owner's for this launch proves nothing`() throws {
    try host.succeed("start", "web1", "--session", try session(), "--paused")
    let tik = try owner.directory.write(Data(repeating: 7, count: 16), to: "tik", mode: 0o600)
    #expect(try judged(tik: tik).status == 10)
    let forged = try packet(tik: tik)
    expect(try host.run("secret", "inject", "web1", "--packet", forged), is: .failure)
    let elsewhere = try packet(measurement: Data(repeating: 1, count: 48).base64EncodedString())
    expect(try host.run("secret", "inject", "web1", "--packet", elsewhere), is: .failure)
    let record = try host.object("launch", "show", "web1")
    #expect(record.string("verdict") == "pending" && record.number("secretsInjected") == 0)
    try host.refuses(.conflict, "resume", "web1")
    // The owner's own packet is still welcome.
    try host.succeed("secret", "inject", "web1", "--packet", try packet())
  }

  @Test func `without a secret the operator says that the owner accepted`() throws {
    try host.succeed("start", "web1", "--session", try session(), "--paused")
    let refusal = try host.refuses(.conflict, "resume", "web1")
    #expect(refusal.string("hint")?.contains("--owner-accepted") == true)
    try host.succeed("resume", "web1", "--owner-accepted")
    let record = try host.object("launch", "show", "web1")
    #expect(record.string("verdict") == "pending" && record.string("outcome") == "running")
  }

  @Test func `virsh's verb takes the owner's packet too`() throws {
    try host.succeed("start", "web1", "--session", try session(), "--paused")
    let prefix = owner.file("b")
    let info = try host.object("domlaunchsecinfo", "web1")
    try owner.succeed(
      "secret", "build", "--tik", owner.file("s_tik.bin"), "--tek", owner.file("s_tek.bin"), "--measurement",
      try #require(info.string("measurement")), "--secret", "luks-key:\(owner.file("secret"))", "--out",
      prefix, "--base64")
    try host.succeed(
      "domsetlaunchsecstate", "web1", "--secrethdr", prefix + "_header.bin", "--secret",
      prefix + "_payload.bin")
    try host.succeed("resume", "web1")
  }

  @Test func `what needs the keys is refused where they are not`() throws {
    let session = try session()
    let secret = "luks-key=@\(owner.file("secret"))"
    try host.refuses(.usage, "start", "web1", "--session", session)
    try host.refuses(.usage, "start", "web1", "--session", session, "--paused", "--secret", secret)
    try host.refuses(.usage, "start", "web1", "--session", session, "--unattestable")
    try host.refuses(.notFound, "session", "verify", session, "--policy", "0x7", "--type", "sev-es")
    #expect(try host.succeed("domstate", "web1").stdout == "shut off\n")
    try host.succeed("start", "web1", "--session", session, "--paused")
    try host.refuses(.conflict, "secret", "inject", "web1", "--secret", secret)
    try host.succeed("destroy", "web1")
    // One key of two is a file that got lost.
    try FileManager.default.copyItem(atPath: owner.file("s_tik.bin"), toPath: session + "_tik.bin")
    try host.refuses(.notFound, "start", "web1", "--session", session, "--paused")
  }

  @Test func `a verdict stays what it was when it is asked for again with other files`() throws {
    try host.succeed("start", "web1")
    let other = try host.directory.write(
      try Data(contentsOf: URL(filePath: firmware)).flipped(), to: "other.fd")
    let outcome = try host.run("launch", "verify", "web1", "--firmware", other)
    #expect(outcome.status == 10 && !outcome.stderr.contains("allowed to run"), "\(outcome)")
    let record = try host.object("launch", "show", "web1")
    #expect(record.string("verdict") == "match" && record.string("outcome") == "running")
    try host.succeed("launch", "verify", "web1")
  }

  @Test func `the records of a guest outlive its definition`() throws {
    try host.succeed("start", "web1")
    let id = try #require(try host.object("launch", "show", "web1").string("id"))
    try host.succeed("destroy", "web1")
    try host.succeed("undefine", "web1")
    #expect(try host.list("launch", "history", "web1").count == 1)
    #expect(try host.object("launch", "show", "web1").string("id") == id)
    #expect(try host.object("launch", "show", id).string("outcome") == "destroyed")
    try host.refuses(.notFound, "launch", "history", "web2")
  }
}

extension Data {
  /// With one bit of its first byte changed.
  fileprivate func flipped() -> Data {
    var copy = self
    copy[startIndex] ^= 1
    return copy
  }
}
