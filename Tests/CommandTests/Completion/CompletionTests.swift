import Foundation
import TestHarness
import Testing

@Suite("completion") struct CompletionTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// The candidates' values for the last of `words`.
  private func candidates(_ words: String...) throws -> [String] {
    let outcome = try sandbox.bare.succeed(["complete", "--"] + words)
    expectPlain(outcome)
    return outcome.stdout.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
  }

  private var place: [String] { ["--state-dir", sandbox.state, "-c", "sim:///"] }

  private func placed(_ words: String...) throws -> [String] {
    let outcome = try sandbox.bare.succeed(["complete", "--"] + place + words)
    return outcome.stdout.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
  }

  @Test func `verbs, nouns and options complete`() throws {
    #expect(try candidates("st") == ["start", "state"])
    #expect(try candidates("").contains("policy"))
    #expect(
      try Set(candidates("policy", "")) == ["list", "show", "explain", "create", "edit", "delete", "check"])
    #expect(try candidates("host", "certs", "") == ["export", "import", "verify"])
    #expect(try candidates("start", "--pau") == ["--paused"])
    #expect(try candidates("-o", "") == ["table", "wide", "json", "yaml", "name"])
    #expect(try candidates("list", "--output=j") == ["--output=json"])
    #expect(try candidates("define", "x.yaml", "--type", "sev-") == ["sev-es", "sev-snp"])
    #expect(try candidates("nosuch", "").isEmpty)
  }

  @Test func `candidates carry their descriptions behind a tab`() throws {
    let lines = try sandbox.bare.succeed("complete", "--", "start").stdout
    #expect(lines.hasPrefix("start\t"))
  }

  @Test func `guests, policies and hosts come from the store`() throws {
    try sandbox.define(GuestText("web1"))
    try sandbox.define(GuestText("web2", launch: nil))
    try sandbox.succeed("policy", "create", "mine", "0x3", "--type", "sev")
    #expect(try placed("start", "web") == ["web1", "web2"])
    #expect(try placed("start", "web1", "") == ["web2"])
    #expect(try placed("dominfo", "") == ["web1", "web2"])
    #expect(try placed("launch", "show", "web1") == ["web1"])
    #expect(try placed("policy", "delete", "m") == ["mine"])
    #expect(try placed("define", "f", "--policy", "") == ["default", "strict", "mine"])
    #expect(try placed("sim", "host", "show", "") == ["default"])
    let words = ["complete", "--", "start", "web"]
    #expect(try sandbox.cvmctl.succeed(words).stdout == "web1\nweb2\n", "options in front of the verb count")
  }

  @Test func `the state directory is not made by asking`() throws {
    let fresh = try Sandbox(hasHost: false)
    let words = ["complete", "--", "--state-dir", fresh.state, "-c", "sim:///", "start", ""]
    #expect(try fresh.bare.succeed(words).stdout.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: fresh.state))
  }

  @Test func `bad words complete to nothing, quickly`() throws {
    for words in [
      ["\u{1B}[31m"], ["-c"], ["--"], [""], ["-o", "json", "--", ""],
      [String(repeating: "a", count: 100_000)],
    ] {
      let outcome = try sandbox.bare.run(["complete", "--"] + words)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      expectPlain(outcome)
    }
    expect(try sandbox.bare.run("complete"), is: .usage)
  }

  @Test func `the bash script is sound`() throws {
    let script = try sandbox.bare.succeed("completion", "bash").stdout
    let path = try sandbox.directory.write(script, to: "cvmctl.bash")
    try Tool("/bin/bash").succeed("-n", path)
    #expect(try sandbox.bare.succeed("completion").stdout == script)
    expect(try sandbox.bare.run("completion", "tcsh"), is: .usage)
    expect(try sandbox.bare.run("completion", "$(id)"), is: .usage)
  }

  /// What bash would offer behind a line, through the script itself.
  private func offered(_ line: String) throws -> [String] {
    let script = try sandbox.bare.succeed("completion", "bash").stdout
    let path = try sandbox.directory.write(script, to: "cvmctl.bash")
    let bin = try sandbox.directory.makeDirectory("bin")
    if !FileManager.default.fileExists(atPath: bin + "/cvmctl") {
      try FileManager.default.createSymbolicLink(
        atPath: bin + "/cvmctl", withDestinationPath: Program.cvmctl)
    }
    var shell = Tool("/bin/bash")
    shell.environment["PATH"] = bin + ":/usr/bin:/bin"
    let run = """
      . '\(path)'; compopt() { :; }
      COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
      _cvmctl
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    return try shell.succeed(["-c", run, "bash", line]).stdout.split(separator: "\n").map(String.init)
  }

  @Test func `a name of shell characters is offered quoted and never run`() throws {
    let marker = sandbox.file("ran")
    let names = ["a b", "x$(touch ran)", "y`touch ran`", "q'\"z", "s;touch ran", "w*?[a]"]
    for name in names {
      let file = try sandbox.directory.write(
        GuestText("'\(name.replacing("'", with: "''"))'", launch: nil).yaml, to: "g.yaml")
      try sandbox.succeed("define", file)
    }
    let found = try offered("cvmctl --state-dir \(sandbox.state) -c sim:/// start ")
    #expect(found.count == names.count, "\(found)")
    // Read back by bash, each is the name again.
    for candidate in found {
      let word = try Tool("/bin/bash").succeed("-c", "printf %s \(candidate)").stdout
      #expect(names.contains(word), "\(candidate)")
    }
    #expect(!FileManager.default.fileExists(atPath: marker))
  }
}
