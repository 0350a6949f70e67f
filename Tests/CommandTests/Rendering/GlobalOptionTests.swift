import Foundation
import TestHarness
import Testing

@Suite("global options") struct GlobalOptionTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.define(GuestText("web1", launch: nil))
  }

  private var place: [String] { ["--state-dir", sandbox.state, "-c", "sim:///"] }

  @Test(arguments: ["launch verify", "sim host create", "list", "policy explain"])
  func `help names the whole command`(_ words: String) throws {
    let text = try sandbox.bare.succeed(words.split(separator: " ").map(String.init) + ["--help"])
    #expect(text.stdout.contains("USAGE: cvmctl \(words) "), "\(text)")
  }

  @Test func `stand before and after the verb`() throws {
    for words in [
      place + ["-o", "name", "list", "--all"], ["list", "--all", "-o", "name"] + place,
      ["-o", "name", "list", "--all"] + place, ["-oname", "list"] + place + ["--all"],
      ["--output=name", "list", "--all", "--connect=sim:///", "--state-dir=\(sandbox.state)"],
    ] {
      #expect(try sandbox.bare.succeed(words).stdout == "web1\n", "\(words)")
    }
  }

  @Test func `stand before the noun, between noun and verb, and behind them`() throws {
    for words in [
      place + ["-o", "name", "sim", "host", "list"], ["sim"] + place + ["host", "-o", "name", "list"],
      ["sim", "host", "-o", "name"] + place + ["list"], ["sim", "host", "list", "-o", "name"] + place,
    ] {
      #expect(try sandbox.bare.succeed(words).stdout == "default\n", "\(words)")
    }
  }

  @Test func `come from the environment too, and the command line wins`() throws {
    var tool = sandbox.bare
    tool.environment["CVMCTL_STATE_DIR"] = sandbox.state
    tool.environment["CVMCTL_DEFAULT_URI"] = "sim:///"
    tool.environment["CVMCTL_OUTPUT"] = "name"
    #expect(try tool.succeed("list", "--all").stdout == "web1\n")
    #expect(try tool.succeed("list", "--all", "-o", "json").stdout.hasPrefix("["))
    #expect(try tool.succeed("-o", "json", "list", "--all").stdout.hasPrefix("["))
    tool.environment["CVMCTL_TENANT"] = "other"
    #expect(try tool.run("list", "--all").status == 3)
    try sandbox.succeed("tenant", "create", "other")
    #expect(try tool.succeed("list", "--all").stdout.isEmpty)
    #expect(try tool.succeed("list", "--all", "-t", "default").stdout == "web1\n")
  }

  @Test func `LIBVIRT_DEFAULT_URI is asked last`() throws {
    var tool = sandbox.bare.with("--state-dir", sandbox.state)
    tool.environment["LIBVIRT_DEFAULT_URI"] = "sim:///"
    #expect(try tool.succeed("uri").stdout == "sim:///default\n")
    try sandbox.succeed("sim", "host", "create", "second")
    tool.environment["CVMCTL_DEFAULT_URI"] = "sim:///second"
    #expect(try tool.succeed("uri").stdout == "sim:///second\n")
  }

  @Test func `without any connection it is libvirt that is tried, never a simulation`() throws {
    var tool = sandbox.bare.with("--state-dir", sandbox.state)
    tool.environment["LIBVIRT_AUTOSTART"] = "0"
    tool.environment["XDG_RUNTIME_DIR"] = sandbox.directory.path
    let origin = try tool.succeed("config", "show", "-o", "json").stdout
    #expect(origin.contains("qemu:///system") || origin.contains("qemu:///session"))
    #expect(!origin.contains("sim:"))
  }

  @Test(arguments: ["start", "destroy", "suspend"]) func `quiet verbs say nothing`(_ verb: String) throws {
    if verb != "start" { try sandbox.succeed("start", "web1") }
    let outcome = try sandbox.succeed("--quiet", verb, "web1")
    #expect(outcome.stdout.isEmpty && outcome.stderr.isEmpty, "\(outcome)")
  }

  @Test func `quiet listings still list, and quiet errors still say what is wrong`() throws {
    #expect(try sandbox.succeed("-q", "list", "--all", "--name").stdout == "web1\n")
    expect(try sandbox.run("-q", "domstate", "nosuch"), is: .notFound)
  }

  @Test func `progress goes to stderr, and --no-progress drops it`() throws {
    try sandbox.define(GuestText("sev1"))
    let told = try sandbox.succeed("start", "sev1")
    #expect(told.stderr.contains("sev1: appraisal: match\n"), "\(told.stderr)")
    try sandbox.succeed("destroy", "sev1")
    #expect(try sandbox.succeed("start", "sev1", "--no-progress").stderr.isEmpty)
  }

  @Test func `with json there is no progress: stderr is for one error object`() throws {
    try sandbox.define(GuestText("sev1"))
    #expect(try sandbox.succeed("start", "sev1", "-o", "json").stderr.isEmpty)
  }

  @Test func `a host's other names are one host`() throws {
    for uri in ["sim:///", "sim:///default"] {
      let tool = sandbox.bare.with("--state-dir", sandbox.state, "-c", uri)
      #expect(try tool.succeed("list", "--all", "-o", "name").stdout == "web1\n", "\(uri)")
    }
    try sandbox.succeed("sim", "host", "create", "other")
    #expect(try sandbox.succeed("list", "--all", "-c", "sim:///other", "-o", "name").stdout.isEmpty)
  }

  @Test(arguments: [
    "sim:///nosuch", "sim://host/", "sim:", "sim:///A_b", "sim:///../x", "nosuch:///", "test://%00/",
  ])
  func `a host that cannot be is a connection error, and none is made`(_ uri: String) throws {
    let before = try sandbox.snapshot()
    for verb in ["list", "uri"] {
      let outcome = try sandbox.run("-c", uri, verb)
      expect(outcome, is: .connection)
    }
    #expect(try sandbox.snapshot().keys.sorted() == before.keys.sorted())
  }

  @Test func `help and version answer before and after global options`() throws {
    #expect(try sandbox.bare.succeed("--version").stdout.hasPrefix("cvmctl "))
    #expect(try sandbox.bare.succeed("-V").stdout.hasPrefix("cvmctl "))
    for words in [[], ["help"], ["--help"], place, place + ["help"], place + ["--help"]] {
      #expect(try sandbox.bare.succeed(words).stdout.contains("Define a guest"), "\(words)")
    }
    for noun in [
      "policy", "launch", "session", "secret", "host", "host certs", "sim", "sim host", "config",
    ] {
      let words = noun.split(separator: " ").map(String.init)
      #expect(try sandbox.bare.succeed(place + words).stdout.contains("SUBCOMMANDS:"), "\(noun)")
      #expect(try sandbox.bare.succeed(words + ["--help"]).stdout.contains("SUBCOMMANDS:"), "\(noun)")
    }
  }

  @Test func `a wrong word is named, whatever stands before it`() throws {
    for words in [["frobnicate"], place + ["frobnicate"], place + ["policy", "frobnicate"]] {
      let outcome = try sandbox.bare.run(words)
      expect(outcome, is: .usage)
      #expect(outcome.stderr.contains("frobnicate"), "\(outcome.stderr)")
    }
  }

  @Test func `values out of range are usage errors`() throws {
    for words in [
      "--timeout 0 list", "--timeout -1 list", "--timeout 1e9 list", "--timeout x list",
      "--log-level loud list", "-t Bad_Tenant list", "start --all --jobs 0", "start --all --jobs 65",
      "start", "start web1 --all", "list --label novalue", "launch history --limit 0", "-t \u{1B}[31m list",
    ] {
      try sandbox.refuses(.usage, words.split(separator: " ").map(String.init))
    }
  }

  @Test func `what lies behind an error is shown to who asks for it`() throws {
    let plain = try sandbox.run("domstate", "nosuch").stderr
    for words in [["--debug"], ["--log-level", "debug"], ["--log-level=debug"]] {
      let outcome = try sandbox.cvmctl.run(["domstate", "nosuch"] + words)
      #expect(outcome.status == 3 && outcome.stderr.hasPrefix(plain + "cvmctl: debug: "), "\(outcome.stderr)")
      let error = try sandbox.cvmctl.run(["-o", "json", "domstate", "nosuch"] + words).errorObject()
      #expect(error.object("details")?.string("debug")?.contains("notFound") == true)
    }
    #expect(try sandbox.run("domstate", "nosuch", "--log-level", "info").stderr == plain)
  }

  @Test func `a format that does not exist is a usage error`() throws {
    expect(try sandbox.run("-o", "xml", "list"), is: .usage)
    expect(try sandbox.run("list", "--output="), is: .usage)
  }

  @Test func `a name that begins with a hyphen is no option behind --`() throws {
    try sandbox.refuses(.notFound, "domstate", "--", "-rf")
    try sandbox.refuses(.notFound, "domstate", "--", "--help")
    try sandbox.refuses(.notFound, "domstate", "%s%n@x")
  }
}
