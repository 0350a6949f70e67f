import Foundation
import TestHarness
import Testing

@Suite("many at once") struct ConcurrencyTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// Starts all commands, then waits for all.
  private func race(_ commands: [[String]]) throws -> [Outcome] {
    try commands.map { try sandbox.cvmctl.start($0) }.map { try $0.wait(timeout: .seconds(120)) }
  }

  private func requireClean(_ outcomes: [Outcome]) {
    for outcome in outcomes {
      #expect(!outcome.timedOut && !outcome.stderr.contains("locked"), "\(outcome)")
      expectPlain(outcome)
    }
  }

  @Test func `eight guests are defined and launched side by side on one host`() throws {
    let names = (1...8).map { "web\($0)" }
    let files = try names.map {
      try sandbox.directory.write(GuestText($0, launch: "{type: sev-es}").yaml, to: "\($0).yaml")
    }
    let created = try race(files.map { ["create", $0, "-o", "json"] })
    requireClean(created)
    for outcome in created {
      #expect(outcome.status == 0, "\(outcome.stderr)")
      #expect(try outcome.object().string("verdict") == "match")
    }
    let guests = try sandbox.list("list")
    #expect(Set(guests.compactMap { $0.string("name") }) == Set(names))
    #expect(Set(guests.compactMap { $0.number("id") }).count == 8)
    #expect(Set(try sandbox.list("launch", "history").compactMap { $0.string("measurement") }).count == 8)
    let ended = try race(names.map { ["destroy", $0] })
    requireClean(ended)
    #expect(ended.allSatisfy { $0.status == 0 })
    #expect(try sandbox.list("list").isEmpty)
  }

  @Test func `of eight starts of one guest one wins, the others say so`() throws {
    try sandbox.define(GuestText("web1"))
    let outcomes = try race(Array(repeating: ["start", "web1", "--no-progress"], count: 8))
    requireClean(outcomes)
    #expect(outcomes.filter { $0.status == 0 }.count == 1, "\(outcomes.map(\.status))")
    for outcome in outcomes where outcome.status != 0 { expect(outcome, is: .conflict) }
    #expect(try sandbox.list("list").count == 1)
    #expect(try sandbox.object("launch", "show", "web1").string("outcome") == "running")
    #expect(try sandbox.list("launch", "history").filter { $0.string("verdict") == "match" }.count == 1)
  }

  @Test func `eight definitions of one name leave one guest that store and host agree on`() throws {
    let files = try (1...8).map {
      try sandbox.directory.write(GuestText("web1", more: "vcpus: \($0)").yaml, to: "\($0).yaml")
    }
    let outcomes = try race(files.map { ["define", $0] })
    requireClean(outcomes)
    #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes.map(\.stderr))")
    #expect(try sandbox.list("list", "--all").map { $0.string("state") } == ["shut off"])
    try sandbox.succeed("start", "web1")
  }

  @Test func `of eight secrets for one launch one is given`() throws {
    try sandbox.define(GuestText("web1", firmware: try sandbox.firmware()))
    try sandbox.succeed("start", "web1", "--paused")
    let secret = try sandbox.directory.write("secret", to: "secret", mode: 0o600)
    let outcomes = try race(
      Array(repeating: ["secret", "inject", "web1", "--secret", "luks-key=@\(secret)"], count: 8))
    requireClean(outcomes)
    #expect(outcomes.filter { $0.status == 0 }.count == 1, "\(outcomes.map(\.status))")
    for outcome in outcomes where outcome.status != 0 { expect(outcome, is: .conflict) }
    #expect(try sandbox.object("launch", "show", "web1").number("secretsInjected") == 1)
  }

  @Test func `of eight packets for one launch one is given, by virsh's verb too`() throws {
    try sandbox.define(GuestText("web1", firmware: try sandbox.firmware()))
    let session = sandbox.file("s")
    try sandbox.succeed("session", "create", "--host", "sim:///", "--policy", "0x3", "--out", session)
    try sandbox.succeed("start", "web1", "--session", session, "--paused")
    let secret = try sandbox.directory.write("secret", to: "secret", mode: 0o600)
    let measurement = try #require(try sandbox.object("domlaunchsecinfo", "web1").string("measurement"))
    let packet = sandbox.file("p")
    try sandbox.succeed(
      "secret", "build", "--tik", session + "_tik.bin", "--tek", session + "_tek.bin", "--measurement",
      measurement,
      "--secret", "luks-key:\(secret)", "--out", packet)
    let words = [
      "domsetlaunchsecstate", "web1", "--secrethdr", packet + "_header.bin", "--secret",
      packet + "_payload.bin",
    ]
    let outcomes = try race(Array(repeating: words, count: 8))
    requireClean(outcomes)
    #expect(outcomes.filter { $0.status == 0 }.count == 1, "\(outcomes.map(\.status))")
    for outcome in outcomes where outcome.status != 0 { expect(outcome, is: .conflict) }
  }

  @Test func `of eight creators of one policy or one host one wins`() throws {
    for words in [["policy", "create", "mine", "0x3", "--type", "sev"], ["sim", "host", "create", "other"]] {
      let outcomes = try race(Array(repeating: words, count: 8))
      requireClean(outcomes)
      #expect(outcomes.filter { $0.status == 0 }.count == 1, "\(outcomes.map(\.status))")
      for outcome in outcomes where outcome.status != 0 { expect(outcome, is: .conflict) }
    }
  }

  @Test func `eight first commands of a new user find one state directory`() throws {
    let fresh = try Sandbox(hasHost: false)
    let outcomes = try (1...8).map { _ in try fresh.cvmctl.start(["list", "--all"]) }.map {
      try $0.wait(timeout: .seconds(120))
    }
    requireClean(outcomes)
    #expect(outcomes.allSatisfy { $0.status == 0 }, "\(outcomes.map(\.stderr))")
  }

  @Test func `a stopped process holds nobody for longer than the time limit`() throws {
    try sandbox.define(GuestText("web1"))
    try sandbox.define(GuestText("web2"))
    let fifo = sandbox.file("fifo")
    try Tool("/usr/bin/mkfifo").succeed(fifo)
    // It holds the guest's lock while it waits for the secret, and then it is stopped.
    let held = try sandbox.cvmctl.start(["start", "web1", "--secret", "luks-key=@\(fifo)"])
    #expect(
      holds(within: .seconds(10)) {
        // That of definitions, and the guest's.
        (try? FileManager.default.contentsOfDirectory(atPath: sandbox.state + "/locks"))?.count == 2
      })
    usleep(300_000)
    held.signal(SIGSTOP)
    let started = ContinuousClock.now
    expect(try sandbox.run("--timeout", "3", "start", "web1", "--no-progress"), is: .conflict)
    try sandbox.succeed("start", "web2")
    #expect(ContinuousClock.now - started < .seconds(20))
    held.signal(SIGKILL)
    _ = try held.wait(timeout: .seconds(5))
    try sandbox.succeed("start", "web1")
  }
}
