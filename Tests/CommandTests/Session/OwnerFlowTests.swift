import Foundation
import TestHarness
import Testing

/// The owner's flow in pieces: session, start, verify, secret, resume.
@Suite("a launch in pieces") struct OwnerFlowTests {
  let sandbox: Sandbox
  let session: String

  init() throws {
    sandbox = try Sandbox()
    session = sandbox.file("s")
    try sandbox.define(GuestText("web1", launch: "{type: sev-es}", firmware: try sandbox.firmware()))
    try sandbox.succeed("session", "create", "--host", "sim:///", "--policy", "0x7", "--out", session)
    try sandbox.directory.write("correct horse battery staple\0", to: "secret", mode: 0o600)
  }

  private func buildPacket(_ name: String = "p") throws -> String {
    let info = try sandbox.object("domlaunchsecinfo", "web1")
    let prefix = sandbox.file(name)
    try sandbox.succeed(
      "secret", "build", "--tik", session + "_tik.bin", "--tek", session + "_tek.bin", "--measurement",
      try #require(info.string("measurement")), "--secret", "luks-key:\(sandbox.file("secret"))", "--out",
      prefix)
    return prefix
  }

  private func secretPage() throws -> String {
    try sandbox.object("sim", "memory", "web1", "--view", "guest", "--address", "0x80d000", "--count", "80")
      .string("bytes") ?? ""
  }

  @Test func `ends with a running guest that has its secret`() throws {
    let started = try sandbox.object("start", "web1", "--session", session, "--paused")
    #expect(started.string("outcome") == "paused" && started.string("verdict") == "match")
    #expect(try sandbox.object("launch", "verify", "web1").string("verdict") == "match")
    let packet = try buildPacket()
    let record = try sandbox.object("secret", "inject", "web1", "--packet", packet)
    #expect(record.number("secretsInjected") == 1)
    // The worked secret table of this passphrase (recomputed independently), as the guest finds it.
    #expect(
      try secretPage()
        == "42f5741edd71664d963eef4287ff173b45000000e5696873f084734992ec06879ce3da0b31000000636f727265637420686f7273"
        + "65206261747465727920737461706c65000000000000000000000000")
    try sandbox.succeed("resume", "web1")
    let ended = try sandbox.object("launch", "show", "web1")
    #expect(ended.string("outcome") == "running" && ended.number("secretsInjected") == 1)
  }

  @Test func `a second injection is refused, by packet and by file`() throws {
    try sandbox.succeed("start", "web1", "--session", session, "--paused")
    let (first, second) = (try buildPacket("p1"), try buildPacket("p2"))
    try sandbox.succeed("secret", "inject", "web1", "--packet", first)
    let page = try secretPage()
    try sandbox.refuses(.conflict, "secret", "inject", "web1", "--packet", second)
    try sandbox.refuses(
      .conflict, "secret", "inject", "web1", "--secret", "luks-key=@\(sandbox.file("secret"))")
    try sandbox.refuses(
      .conflict, "domsetlaunchsecstate", "web1", "--secrethdr", second + "_header.bin", "--secret",
      second + "_payload.bin")
    #expect(try secretPage() == page)
    #expect(try sandbox.object("launch", "show", "web1").number("secretsInjected") == 1)
  }

  @Test func `a packet made for another launch is not taken`() throws {
    try sandbox.succeed("start", "web1", "--session", session, "--paused")
    let packet = try buildPacket()
    try sandbox.succeed("destroy", "web1")
    try sandbox.succeed("start", "web1", "--paused")
    let outcome = try sandbox.run("secret", "inject", "web1", "--packet", packet)
    expect(outcome, is: .failure)
    #expect(
      try secretPage() == String(repeating: "00", count: 80) || !(try secretPage()).contains("636f7272"))
  }

  @Test func `a session for another policy, and files that do not belong together, start nothing`() throws {
    let other = sandbox.file("other")
    try sandbox.succeed("session", "create", "--host", "sim:///", "--policy", "0xf", "--out", other)
    try sandbox.refuses(.attestationRefused, "start", "web1", "--session", other)
    try sandbox.refuses(.notFound, "start", "web1", "--session", sandbox.file("nosuch"))
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
  }

  @Test func `a session for another platform is refused by the AMD-SP, and nothing stays behind`() throws {
    try sandbox.succeed("sim", "host", "create", "elsewhere")
    let other = sandbox.file("other")
    try sandbox.succeed("session", "create", "--host", "sim:///elsewhere", "--policy", "0x7", "--out", other)
    let error = try sandbox.refuses(.failure, "start", "web1", "--session", other)
    #expect(error.string("hint")?.contains("another platform") == true, "\(error)")
    #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
    try sandbox.succeed("start", "web1", "--session", session)
  }

  @Test func `secrets go into a paused, matching launch and nowhere else`() throws {
    let words = ["secret", "inject", "web1", "--secret", "luks-key=@\(sandbox.file("secret"))"]
    try sandbox.refuses(.conflict, words)
    try sandbox.succeed("start", "web1")
    try sandbox.refuses(.conflict, words)
    try sandbox.succeed("suspend", "web1")
    try sandbox.refuses(.conflict, words)
    try sandbox.define(GuestText("plain", launch: nil))
    try sandbox.succeed("start", "plain", "--paused")
    try sandbox.refuses(
      .unsupported, "secret", "inject", "plain", "--secret", "luks-key=@\(sandbox.file("secret"))")
    try sandbox.refuses(
      .notFound, "secret", "inject", "nosuch", "--secret", "luks-key=@\(sandbox.file("secret"))")
    try sandbox.refuses(.usage, "secret", "inject", "web1")
    try sandbox.refuses(.usage, words + ["--packet", "x"])
  }

  @Test func `virsh's verb takes the same packet in base64`() throws {
    try sandbox.succeed("start", "web1", "--session", session, "--paused")
    let info = try sandbox.object("domlaunchsecinfo", "web1")
    let prefix = sandbox.file("b")
    try sandbox.succeed(
      "secret", "build", "--tik", session + "_tik.bin", "--tek", session + "_tek.bin", "--measurement",
      try #require(info.string("measurement")), "--secret", "luks-key:\(sandbox.file("secret"))", "--out",
      prefix,
      "--base64")
    try sandbox.succeed(
      "domsetlaunchsecstate", "web1", "--secrethdr", prefix + "_header.bin", "--secret",
      prefix + "_payload.bin")
    #expect(try secretPage().contains("636f72726563742068"))
  }
}
