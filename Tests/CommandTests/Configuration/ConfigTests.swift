import Foundation
import TestHarness
import Testing

@Suite("configuration") struct ConfigTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// Writes the user's configuration file; returns cvmctl as it finds it.
  private func configured(_ yaml: String) throws -> Tool {
    _ = try sandbox.directory.makeDirectory("config/cvmctl")
    try sandbox.directory.write(yaml, to: "config/cvmctl/config.yaml")
    var tool = sandbox.bare
    tool.environment["XDG_CONFIG_HOME"] = sandbox.file("config")
    return tool
  }

  private func origins(_ tool: Tool, _ words: String...) throws -> [String: (value: String, origin: String)] {
    let list = try tool.succeed(words + ["config", "show", "--origin", "-o", "json"]).json()
    var found: [String: (value: String, origin: String)] = [:]
    for setting in try #require(list as? [[String: Any]]) {
      let key = try #require(setting["key"] as? String)
      found[key] = (setting["value"] as? String ?? "", setting["origin"] as? String ?? "")
    }
    return found
  }

  @Test func `each value is shown with where it came from`() throws {
    var tool = try configured(
      """
      connect: sim:///fromfile
      tenant: filetenant
      state-dir: \(sandbox.state)
      timeout: 12
      simulated: allow
      """)
    let path = sandbox.file("config/cvmctl/config.yaml")
    var found = try origins(tool)
    #expect(found["connect"]! == ("sim:///fromfile", path))
    #expect(found["tenant"]! == ("filetenant", path))
    #expect(found["timeout"]! == ("12", path))
    #expect(found["simulated"]! == ("allow", path))
    #expect(found["log-level"]!.origin == "default")

    tool.environment["CVMCTL_TENANT"] = "envtenant"
    tool.environment["LIBVIRT_DEFAULT_URI"] = "test:///default"
    found = try origins(tool, "--timeout", "7", "-t", "opttenant")
    #expect(found["tenant"]! == ("opttenant", "--tenant"))
    #expect(found["timeout"]! == ("7", "--timeout"))
    #expect(found["connect"]!.value == "sim:///fromfile")
    #expect(try origins(tool)["tenant"]! == ("envtenant", "CVMCTL_TENANT"))

    let table = try tool.succeed("config", "show", "--origin").stdout
    #expect(table.hasPrefix("KEY") && table.contains("ORIGIN") && table.contains(path))
    #expect(try !tool.succeed("config", "show").stdout.contains("ORIGIN"))
  }

  @Test func `HOME's file is read where XDG_CONFIG_HOME is not set`() throws {
    _ = try sandbox.directory.makeDirectory(".config/cvmctl")
    try sandbox.directory.write("timeout: 9\n", to: ".config/cvmctl/config.yaml")
    #expect(try origins(sandbox.bare)["timeout"]!.value == "9")
  }

  @Test func `the file's output format holds for results and for errors`() throws {
    let tool = try configured("output: json\nconnect: sim:///\nstate-dir: \(sandbox.state)\n")
    #expect(try tool.succeed("list", "--all").json() as? [Any] != nil)
    let outcome = try tool.run("domstate", "nosuch")
    #expect(try outcome.errorObject().string("code") == "not-found")
    #expect(try tool.run("-o", "table", "domstate", "nosuch").stderr.hasPrefix("cvmctl: error: "))
  }

  @Test(arguments: [
    ("conect: sim:///\n", ":1: unknown setting 'conect'"), ("- a\n", "mapping"),
    ("tenant: [a]\n", "single value"),
    ("timeout: soon\n", "soon"), ("output: xml\n", "xml"), ("simulated: maybe\n", "maybe"),
    ("tenant: a\ntenant: b\n", "line 2"), ("a: &x [*x, *x]\n", "line 1"), ("tenant: \u{0}\n", "line"),
  ]) func `a wrong file is an error that says where`(_ yaml: String, _ words: String) throws {
    let outcome = try configured(yaml).run("config", "show")
    expect(outcome, is: .usage)
    #expect(outcome.stderr.contains(words), "\(outcome.stderr)")
    #expect(outcome.stderr.contains("config.yaml"), "\(outcome.stderr)")
  }

  @Test func `simulated hosts are refused over libvirt unless the configuration allows them`() throws {
    // `sim:///` is itself the consent; this is what the setting means for a chain in files.
    try sandbox.succeed(
      "host", "certs", "export", sandbox.file("chain"), "--ca", sandbox.file("ca"))
    let words = ["host", "certs", "verify", "--sev", sandbox.file("chain"), "--ca", sandbox.file("ca")]
    #expect(try sandbox.bare.run(words).status == 12)
  }

  @Test func `without HOME and state directory a command says what to do`() throws {
    var tool = sandbox.bare
    tool.environment["HOME"] = nil
    tool.arguments = ["-c", "sim:///"]
    guard geteuid() != 0 else { return }  // root has /var/lib/cvmctl
    expect(try tool.run("list"), is: .usage)
  }
}
