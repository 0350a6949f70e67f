import Foundation
import TestHarness
import Testing

/// Libraries and daemons that are missing, other or silent.
@Suite("what cvmctl depends on") struct DependencyTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func `without libvirt a libvirt host is unsupported, everything else works`() throws {
    let empty = try sandbox.directory.makeDirectory("lib")
    try sandbox.directory.write("not a library", to: "lib/libvirt.so.0")
    var tool = sandbox.bare.with("--state-dir", sandbox.state)
    tool.environment["LD_LIBRARY_PATH"] = empty
    for uri in ["qemu:///system", "test:///default"] {
      let outcome = try tool.run("-c", uri, "list")
      expect(outcome, is: .unsupported)
      #expect(outcome.stderr.contains("libvirt"), "\(outcome.stderr)")
    }
    try tool.succeed("-c", "sim:///", "list")
    try tool.succeed("policy", "explain", "0x5")
  }

  @Test func `nobody at a libvirt socket is a connection error, with what to do`() throws {
    let tool = sandbox.bare.with(
      "--state-dir", sandbox.state, "-c", "qemu:///system?socket=\(sandbox.file("none"))")
    let outcome = try tool.run("list")
    expect(outcome, is: .connection)
    #expect(outcome.stderr.contains("hint: "), "\(outcome.stderr)")
    #expect(!outcome.stdout.contains("sim"))
  }

  @Test func `a daemon that never answers costs the time limit, not more`() throws {
    let socket = sandbox.file("silent")
    let server = try Tool("/usr/bin/python3").start([
      "-c",
      "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(9); time.sleep(60)",
      socket,
    ])
    defer { server.signal(SIGKILL) }
    #expect(holds(within: .seconds(10)) { FileManager.default.fileExists(atPath: socket) })
    let tool = sandbox.bare.with(
      "--state-dir", sandbox.state, "-c", "qemu:///system?socket=\(socket)", "--timeout", "2")
    for words in [
      ["list"], ["start", "web1"], ["version"],
      ["define", try sandbox.directory.write(GuestText("a").yaml, to: "a.yaml")],
    ] {
      let outcome = try tool.run(words)
      #expect([6, 7].contains(outcome.status), "\(outcome)")
      expect(outcome, is: Refusal(rawValue: outcome.status) ?? .timeout)
      #expect(outcome.wallTime < 10, "\(outcome.wallTime) s")
    }
  }

  @Test func `an OpenSSL that others configured changes nothing or says so`() throws {
    try sandbox.define(GuestText("web1"))
    let settings = [
      "openssl_conf = x\n[x]\nproviders = p\n[p]\nevil = e\n[e]\nmodule = \(sandbox.file("evil.so"))\nactivate = 1\n",
      "openssl_conf = x\n[x]\nalg_section = a\n[a]\ndefault_properties = fips=yes\n",
      "openssl_conf = x\n[x]\nproviders = p\n[p]\nlegacy = l\n[l]\nactivate = 1\n", "garbage\u{0}[[[\n",
    ]
    for (index, text) in settings.enumerated() {
      var tool = sandbox.cvmctl
      tool.environment["OPENSSL_CONF"] = try sandbox.directory.write(text, to: "\(index).cnf")
      tool.environment["OPENSSL_MODULES"] = sandbox.directory.path
      let outcome = try tool.run("start", "web1", "--no-progress")
      #expect(outcome.status < 128, "\(outcome)")
      if outcome.status == 0 {
        #expect(try sandbox.object("launch", "show", "web1").string("verdict") == "match")
        try sandbox.succeed("destroy", "web1")
      } else {
        expect(outcome, is: Refusal(rawValue: outcome.status) ?? .failure)
        #expect(try sandbox.succeed("domstate", "web1").stdout == "shut off\n")
      }
    }
    try sandbox.succeed("start", "web1")
  }

  @Test func `a hostile environment is not believed`() throws {
    var tool = sandbox.cvmctl
    for (name, value) in [
      ("TMPDIR", "/nonexistent"), ("LC_ALL", "xx_XX.bad"), ("TERM", "\u{1B}"), ("COLUMNS", "-1"),
      ("TZ", "/etc/passwd"),
      ("XDG_STATE_HOME", "relative"), ("XDG_CONFIG_HOME", "../.."), ("HOME", "relative"),
      ("LIBVIRT_DEFAULT_URI", "sim:///x"),
    ] {
      tool.environment[name] = value
      try tool.succeed("list", "--all")
      expectPlain(try tool.run("list", "--all", "-o", "json"))
      tool.environment[name] = sandbox.cvmctl.environment[name]
    }
  }
}
