import Foundation
import TestHarness
import Testing

/// Standard streams that are closed, full or gone.
@Suite("standard streams") struct StreamTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.define(GuestText("web1"))
  }

  /// cvmctl with a shell's redirections.
  private func redirected(_ redirections: String) -> Tool {
    Tool(
      "/bin/bash", ["-c", "exec \"$0\" \"$@\" \(redirections)", Program.cvmctl] + sandbox.cvmctl.arguments,
      environment: sandbox.cvmctl.environment)
  }

  @Test(arguments: [
    "list --all", "list --all -o json", "dominfo web1", "dumpxml web1", "policy list", "host info",
    "--version", "help",
    "complete -- st", "completion", "config show", "sim host list", "launch history", "measure --guest web1",
    "define --dry-run @", "list --all --uuid",
  ]) func `a full standard output is no success`(_ verb: String) throws {
    let file = try sandbox.directory.write(GuestText("web2").yaml, to: "web2.yaml")
    let words = verb.split(separator: " ").map { $0 == "@" ? file : String($0) }
    let tool =
      verb == "--version"
      ? Tool("/bin/bash", ["-c", "exec \"$0\" --version >/dev/full", Program.cvmctl])
      : redirected(">/dev/full")
    let outcome = try tool.run(verb == "--version" ? [] : words)
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.stderr.contains("No space left on device"), "\(outcome.stderr)")
  }

  @Test func `with json the error is an object there too`() throws {
    let outcome = try redirected(">/dev/full").run("-o", "json", "list")
    #expect(try outcome.errorObject().number("exit") == 1)
  }

  @Test(arguments: ["list --all", "start web1", "dumpxml web1", "define @"])
  func `closed descriptors harm no file of the state`(_ verb: String) throws {
    let file = try sandbox.directory.write(GuestText("web2").yaml, to: "web2.yaml")
    let words = verb.split(separator: " ").map { $0 == "@" ? file : String($0) }
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-", ">&- 2>&-"] {
      let outcome = try redirected(closed).run(words)
      #expect(outcome.stderr.isEmpty || !closed.contains("2>&-"))
      let shows = !closed.contains(" >&-") && !closed.hasPrefix(">&-")
      #expect(outcome.status == 0 || !shows, "\(closed): \(outcome)")
      if !shows { #expect(outcome.status != 0, "\(closed): nobody has seen it") }
      // What was printed went nowhere, least of all into the database or the chip.
      #expect(try sandbox.list("list", "--all").count >= 1, "\(closed)")
      try sandbox.succeed("host", "info")
      if verb == "start web1" { try sandbox.succeed("destroy", "web1") }
    }
  }

  @Test func `a definition from a closed standard input is an error, not a state file`() throws {
    let outcome = try redirected("<&-").run("define", "-")
    #expect([1, 2].contains(outcome.status), "\(outcome)")
    #expect(outcome.stderr.contains("standard input"))
    #expect(try sandbox.list("list", "--all").count == 1)
  }

  @Test func `a definition from an endless standard input is refused`() throws {
    let outcome = try redirected("</dev/zero").run("define", "-")
    expect(outcome, is: .usage)
  }

  @Test func `a reader that leaves is an error, not a signal's death`() throws {
    let run = "\"$0\" \"$@\" 2>\"$ERR\" | true; echo ${PIPESTATUS[0]}"
    var tool = Tool("/bin/bash", ["-c", run, Program.cvmctl] + sandbox.cvmctl.arguments)
    tool.environment["ERR"] = sandbox.file("err")
    // Enough for a pipe's buffer not to take it.
    try sandbox.succeed("start", "web1")
    let outcome = try tool.run(
      "sim", "memory", "web1", "--address", "0xffff0000", "--count", "65536", "-o", "json")
    #expect(outcome.stdout == "1\n", "\(outcome)")
    let told = try String(contentsOfFile: sandbox.file("err"), encoding: .utf8)
    #expect(told.contains("Broken pipe"), "\(told)")
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func `a signal before the act leaves nothing`(_ signal: Int32)
    throws
  {
    let before = try sandbox.snapshot()
    let fifo = sandbox.file("fifo")
    try Tool("/usr/bin/mkfifo").succeed(fifo)
    // Waits for its definition.
    let running = try Tool(
      "/bin/bash", ["-c", "exec \"$0\" \"$@\" <>'\(fifo)'", Program.cvmctl] + sandbox.cvmctl.arguments
    ).start(["define", "-"])
    #expect(
      holds(within: .seconds(10)) {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(running.pid)/exe"))?.hasSuffix(
          "/cvmctl") ?? false
      })
    usleep(300_000)
    running.signal(signal)
    let outcome = try running.wait(timeout: .seconds(10))
    #expect(outcome.status == 128 + signal && !outcome.timedOut, "\(outcome)")
    #expect(try sandbox.snapshot() == before)
  }
}
