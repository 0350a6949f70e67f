import Foundation
import TestHarness
import Testing

/// Texts that mean something to XML, a shell, a terminal or a log: carried exactly or refused, never interpreted.
@Suite("injection") struct InjectionTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  static let carried = [
    "a'\"<>&]]>", "</name><devices><disk/></devices><name>", "<![CDATA[x]]>", "<!-- x -->", "&lt;&#10;&amp;",
    "a b  c",
    "$(touch ran)", "`touch ran`", ";touch ran;", "| touch ran", "%s%n%x%%", "@file", "#c", "a\\nb\\u{1b}",
    "*?[a-z]{a,b}~",
    "naïve", "日本語", "🐧", "e\u{0301}", "=cmd|'/C calc'!A0", "null", "true", "0x10", "- a", "a: b", "{{7*7}}",
    "'; DROP TABLE guest; --",
  ]

  static let refused = [
    "a\u{1B}[31mb", "a\u{9B}31mb", "a\u{7}b", "a\u{8}b", "a\rb", "a\nb", "a\tb", "a\u{0}b", "a\u{7F}b",
    "a\u{85}b",
    "a\u{202E}b", "a\u{2066}b", "a\u{200B}b", "a\u{2028}b", "a\u{FEFF}b", "a\u{E0041}b",
    "\u{1B}]8;;http://x\u{1B}\\x", "\u{1B}]52;c;eA==\u{7}",
  ]

  /// A YAML double-quoted scalar: every text can be written so.
  private func quoted(_ text: String) -> String {
    let inside = text.unicodeScalars.map { scalar in
      (0x20..<0x7F).contains(scalar.value) && scalar != "\"" && scalar != "\\"
        ? String(scalar)
        : scalar.value < 0x1_0000
          ? "\\u" + String(format: "%04x", scalar.value) : "\\U" + String(format: "%08x", scalar.value)
    }
    return "\"" + inside.joined() + "\""
  }

  private func guest(_ text: String) -> String {
    """
    name: \(quoted(text))
    virt: qemu
    memory: 64MiB
    firmware: \(quoted("/fw/" + text))
    kernel: \(quoted("/k/" + text))
    initrd: \(quoted("/i/" + text))
    cmdline: \(quoted(text))
    disks: [{source: \(quoted("/d/" + text))}]
    networks: [{network: \(quoted(text))}]
    serial: {file: \(quoted("/s/" + text))}
    labels: {role: \(quoted(text))}
    secrets: [{name: \(quoted("s" + text.replacing("=", with: "-")))}]
    launch: {type: sev}

    """
  }

  /// In a guest's name no slash is taken.
  private func nameable(_ text: String) -> String { text.replacing("/", with: "_") }

  @Test(arguments: carried) func `is carried exactly through YAML, XML, the store and out again`(
    _ raw: String
  ) throws {
    let text = nameable(raw).trimmingCharacters(in: .whitespaces)
    let name = text.hasPrefix("-") ? "x" + text : text
    let file = try sandbox.directory.write(guest(name), to: "guest.yaml")
    try sandbox.succeed("define", file)

    let listed = try sandbox.list("list", "--all")
    #expect(listed.map { $0.string("name") } == [name])
    #expect(listed[0].object("labels")?.string("role") == name)
    let dumped = try sandbox.succeed("dumpxml", "-o", "json", "--", name)
    let xml = ParsedXML(try #require(try dumped.object().string("xml")))
    let expected: KeyValuePairs = [
      "/domain/name": name, "/domain/os/loader": "/fw/" + name, "/domain/os/kernel": "/k/" + name,
      "/domain/os/initrd": "/i/" + name, "/domain/os/cmdline": name,
      "/domain/devices/disk/source/@file": "/d/" + name,
      "/domain/devices/interface/source/@network": name, "/domain/devices/serial/source/@path": "/s/" + name,
      "//*[local-name()='label']/@value": name,
    ]
    var found = try xml.values(expected.map(\.key) + ["//*"])
    #expect(found.popLast()?.count == 34, "elements were added: \(xml.text)")
    for (path, value) in zip(expected, found) { #expect(value == [path.value], "\(path.key)") }

    // The document as a guest's definition again: nothing was lost or gained on the way.
    try sandbox.succeed("undefine", "--", name)
    let again = try sandbox.cvmctl.run(["define", "-"], stdin: Data(xml.text.utf8))
    #expect(again.status == 0, "\(again.stderr)")
    #expect(try sandbox.list("list", "--all").map { $0.string("name") } == [name])
    for format in ["wide", "json", "yaml"] {
      expectPlain(try sandbox.cvmctl.succeed(["list", "--all", "-o", format]))
    }
    expectPlain(try sandbox.succeed("dominfo", "--", name))
    expectPlain(try sandbox.run("start", "--", name))
    #expect(!FileManager.default.fileExists(atPath: "ran"))
  }

  @Test(arguments: refused) func `is refused where a terminal or a log could be misled`(_ text: String) throws
  {
    try sandbox.succeed("list")
    let before = try sandbox.snapshot()
    for line in [
      "name: \(quoted(text))", "cmdline: \(quoted(text))", "firmware: \(quoted("/" + text))",
      "labels: {a: \(quoted(text))}",
      "labels: {\(quoted(text)): a}", "\(quoted(text)): a", "disks: [{source: \(quoted("/" + text))}]",
      "networks: [{network: \(quoted(text))}]", "serial: {file: \(quoted("/" + text))}",
      "cpu: \(quoted(text))",
      "machine: \(quoted(text))", "secrets: [{name: \(quoted(text))}]",
      "launch: {type: sev, policy: \(quoted(text))}",
      "virt: \(quoted(text))", "vcpus: \(quoted(text))", "uuid: \(quoted(text))",
    ] {
      var lines = line.hasPrefix("name:") ? [line] : ["name: web1", line]
      if line.hasPrefix("cmdline") { lines.append("kernel: /k") }
      let file = try sandbox.directory.write(
        (lines + ["memory: 64MiB"]).joined(separator: "\n") + "\n", to: "guest.yaml")
      let outcome = try sandbox.run("define", file)
      expect(outcome, is: .usage)
    }
    #expect(try sandbox.snapshot() == before)
  }

  @Test(arguments: ["\u{9B}31m", "\u{7F}", "\u{202E}", "\u{200B}", "\u{2028}", "\u{85}"])
  func `in a domain's XML that libvirt would take is refused in names and labels, escaped elsewhere`(
    _ bad: String
  ) throws {
    let name =
      "<domain type='qemu'><name>web\(bad)1</name><memory>65536</memory><os><type>hvm</type></os></domain>"
    expect(try sandbox.run("define", try sandbox.directory.write(name, to: "a.xml")), is: .usage)
    let title = """
      <domain type='qemu'><name>web1</name><title>t\(bad)t</title><memory>65536</memory><os><type>hvm</type></os></domain>
      """
    try sandbox.succeed("define", try sandbox.directory.write(title, to: "b.xml"))
    expectPlain(try sandbox.succeed("dumpxml", "web1"))
    let json = try sandbox.succeed("-o", "json", "dumpxml", "web1")
    expectPlain(json)
    #expect(try json.object().string("xml")?.contains("t\(bad)t") == true)
    expectPlain(try sandbox.succeed("-o", "yaml", "dumpxml", "web1"))
  }

  @Test(arguments: refused) func `in a word of the command line never reaches the terminal raw`(
    _ text: String
  ) throws {
    let word = text.replacing("\u{0}", with: "0")
    for words in [
      ["domstate", "--", word], ["define", "/nonexistent/" + word], ["policy", "explain", "--", word],
      ["-c", word, "list"], ["-t", word, "list"], ["-o", word, "list"], ["--timeout", word, "list"], [word],
      ["list", "--label", "a=" + word], ["sim", "host", "show", "--", word],
      ["session", "show", "--", "/nonexistent/" + word],
      ["launch", "show", "--", word], ["start", "x", "--secret", word], ["config", word], ["--" + word],
    ] {
      expectPlain(try sandbox.cvmctl.run(words))
    }
    for words in [
      ["domstate", "--", word], ["define", "/nonexistent/" + word], ["-t", word, "list"], [word],
    ] {
      let outcome = try sandbox.cvmctl.run(["-o", "json"] + words)
      expectPlain(outcome)
      #expect(outcome.status == 0 || (try? outcome.errorObject()) != nil, "\(words): \(outcome.stderr)")
    }
  }

  @Test func `in a policy's note, a file name and an environment variable is escaped`() throws {
    let bad = "a\u{1B}[31m\u{202E}b\nc"
    try sandbox.succeed("policy", "create", "mine", "0x3", "--type", "sev", "--note", bad)
    for format in ["wide", "json", "yaml"] {
      expectPlain(try sandbox.succeed("policy", "list", "-o", format))
    }
    #expect(try sandbox.object("policy", "show", "mine").string("note") == bad)
    #expect(try sandbox.succeed("policy", "list", "-o", "wide").stdout.split(separator: "\n").count == 8)
    var tool = sandbox.bare
    for variable in ["CVMCTL_DEFAULT_URI", "CVMCTL_TENANT", "CVMCTL_OUTPUT", "CVMCTL_STATE_DIR"] {
      tool.environment[variable] = bad
      expectPlain(try tool.run("list"))
      expectPlain(try tool.run("config", "show", "--origin"))
      tool.environment[variable] = nil
    }
  }
}
