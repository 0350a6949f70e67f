import Foundation
import TestHarness
import Testing

/// Documents made to hurt: one line, exit 2, nothing changed, in bounded time and memory.
@Suite("hostile documents") struct DocumentTests {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.succeed("list")
  }

  /// A guest file with further lines, which are wrong.
  private static func yaml(_ lines: String...) -> Data {
    Data((["name: web1", "memory: 64MiB"] + lines).joined(separator: "\n").utf8)
  }

  private static func xml(_ inside: String, head: String = "") -> Data {
    Data("\(head)<domain type='qemu'><name>web1</name><memory>65536</memory>\(inside)</domain>".utf8)
  }

  private static func nested(_ open: String, _ close: String, _ count: Int) -> String {
    String(repeating: open, count: count) + String(repeating: close, count: count)
  }

  private static var aliases: Data {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in 1..<30 {
      let use = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      lines.append("a\(level): &a\(level) [\(use)]")
    }
    return Data(lines.joined(separator: "\n").utf8)
  }

  private static var laughs: Data {
    var head = "<!DOCTYPE domain [<!ENTITY e0 'ha'>"
    for level in 1..<30 {
      head += "<!ENTITY e\(level) '" + String(repeating: "&e\(level - 1);", count: 10) + "'>"
    }
    return xml("<description>&e29;</description>", head: head + "]>")
  }

  private static let documents: [(name: String, bytes: @Sendable () -> Data)] = [
    ("alias bomb", { aliases }), ("one alias", { yaml("labels: &l {a: b}", "x: *l") }),
    ("merge key", { yaml("<<: {a: b}") }), ("billion laughs", { laughs }),
    ("external entity", { xml("&x;", head: "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>") }),
    ("doctype", { xml("", head: "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x'>") }),
    ("yaml 100,000 deep", { yaml("labels: " + nested("[", "]", 100_000)) }),
    ("yaml mappings 100,000 deep", { yaml("labels: " + nested("{a: ", "}", 100_000)) }),
    ("xml 100,000 deep", { xml(nested("<a>", "</a>", 100_000)) }),
    ("xml not closed, 100,000 deep", { xml(String(repeating: "<a>", count: 100_000)) }),
    ("yaml key twice", { yaml("vcpus: 1", "vcpus: 2") }), ("yaml name twice", { yaml("name: other") }),
    ("unknown key", { yaml("nosuch: 1") }), ("key that looks right", { yaml("vсpus: 1") }),
    ("tag", { yaml("vcpus: !!python/object/apply:os.system [id]") }), ("own tag", { yaml("vcpus: !x 1") }),
    ("several documents", { yaml("---", "name: web2", "memory: 64MiB") }),
    ("invalid UTF-8", { yaml("cmdline: ") + Data([0xC3, 0x28]) }),
    ("UTF-16", { Data([0xFF, 0xFE, 0x6E, 0x00]) }),
    ("overlong UTF-8", { yaml("cmdline: ") + Data([0xC0, 0xAF]) }), ("NUL", { yaml("cmdline: a\u{0}b") }),
    ("invalid UTF-8 in XML", { xml("<title>") + Data([0xFF, 0xFE]) }),
    ("XML in another encoding", { xml("", head: "<?xml version='1.0' encoding='UTF-16'?>") }),
    ("cut XML", { Data("<domain type='qemu'><name>web1".utf8) }), ("no mapping", { Data("- a\n- b\n".utf8) }),
    ("a scalar", { Data("web1".utf8) }), ("nothing", { Data() }), ("a comment", { Data("# web1\n".utf8) }),
    ("tabs", { Data("name:\tweb1\n\tmemory: 1\n".utf8) }), ("another root", { Data("<network/>".utf8) }),
    ("attribute twice", { xml("<vcpu current='1' current='2'>2</vcpu>") }),
    ("binary", { Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) }) }),
    ("5 MiB of blanks", { Data(repeating: 0x20, count: 5 << 20) }),
    ("200,000 keys", { Data((0..<200_000).map { "k\($0): 1\n" }.joined().utf8) }),
    ("200,000 elements", { xml(String(repeating: "<a/>", count: 200_000)) }),
    (
      "a name of a million letters",
      { Data("name: \(String(repeating: "a", count: 1_000_000))\nmemory: 64MiB\n".utf8) }
    ),
  ]

  @Test(arguments: documents.map(\.name)) func `are refused`(_ name: String) throws {
    let document = try #require(Self.documents.first { $0.name == name }).bytes()
    let file = try sandbox.directory.write(document, to: "document")
    let before = try sandbox.snapshot()
    for words in [
      ["define", file], ["define", "--dry-run", file], ["create", file], ["measure", "--guest-file", file],
    ] {
      let outcome = try sandbox.lean(256).run(words + ["--no-progress"])
      expect(outcome, is: .usage)
      #expect(outcome.wallTime < 10, "\(outcome.wallTime) s")
      #expect(outcome.stderr.utf8.count < 1000, "a long line")
    }
    let piped = try sandbox.cvmctl.run(["define", "-"], stdin: document)
    expect(piped, is: .usage)
    #expect(piped.stderr.contains("standard input"))
    #expect(try sandbox.snapshot() == before)
    #expect(try sandbox.list("list", "--all").isEmpty)
  }

  @Test func `no file and no network is opened for an entity`() throws {
    for name in ["external entity", "doctype"] {
      let document = try #require(Self.documents.first { $0.name == name }).bytes()
      let file = try sandbox.directory.write(document, to: "document")
      let trace = sandbox.file("trace")
      _ = try Tool("/usr/bin/strace").run(
        [
          "-f", "-e", "trace=openat,open,connect,socket", "-o", trace, Program.cvmctl, "--state-dir",
          sandbox.state, "-c", "sim:///", "define", file,
        ])
      let calls = try String(contentsOfFile: trace, encoding: .utf8)
      #expect(calls.contains("document"))
      #expect(!calls.contains("passwd") && !calls.contains("AF_INET"), "\(calls)")
    }
  }

  static let absurd = [
    "vcpus: 0", "vcpus: -1", "vcpus: 4097", "vcpus: 99999999999999999999", "vcpus: 1e3", "vcpus: 0x10",
    "vcpus: one",
    "vcpus: [1]", "vcpus: 1.0", "vcpus: +1",
    "memory: 0", "memory: -1MiB", "memory: 1", "memory: 99999999999999999999GiB", "memory: 65TiB",
    "memory: 18446744073709551615",
    "memory: 1e9", "memory: 512 QiB", "memory: MiB", "memory: 512MiBB", "memory: ~", "memory: [512MiB]",
    "memory: .inf",
    "uuid: 1", "uuid: 00000000-0000-0000-0000-00000000000g", "firmware: OVMF.fd", "firmware: ''",
    "kernel: ../vmlinuz",
    "cmdline: quiet", "initrd: /initrd", "virt: xen", "virt: [kvm]", "launch: sev", "launch: {type: tdx}",
    "launch: {}",
    "launch: {type: sev, policy: 0x100000000}", "launch: {type: sev, policy: 0x7}",
    "launch: {type: sev-es, policy: 3}",
    "launch: {type: sev, nosuch: 1}", "disks: {}", "disks: [a]", "disks: [{source: rel}]",
    "disks: [{source: /a, target: '../x'}]",
    "disks: [{source: /a, format: vmdk}]", "disks: [{source: /a, readonly: maybe}]", "networks: [{}]",
    "networks: [{network: a, bridge: b}]",
    "serial: tcp", "serial: {file: rel}", "serial: {file: /a, x: 1}", "labels: [a]", "labels: {'a b': c}",
    "labels: {a: [b]}",
    "secrets: [{}]", "secrets: [{name: a, guid: nosuch}]", "secrets: [{name: 'a=b'}]", "name: ''",
    "name: [a]", "tenant: other",
  ]

  @Test(arguments: absurd) func `values that cannot be are refused with their line`(_ line: String) throws {
    let key = String(line.prefix { $0 != ":" })
    var lines = ["name: web1", "memory: 64MiB"].filter { !$0.hasPrefix(key + ":") }
    lines.append(line)
    let file = try sandbox.directory.write(lines.joined(separator: "\n") + "\n", to: "guest.yaml")
    let outcome = try sandbox.run("define", file)
    #expect([2, 11].contains(outcome.status), "\(line): \(outcome)")
    expect(outcome, is: Refusal(rawValue: outcome.status) ?? .usage)
    #expect(
      outcome.status == 11 || outcome.stderr.contains("guest.yaml:") || line.hasPrefix("tenant")
        || line.contains("policy"),
      "no line: \(outcome.stderr)")
    #expect(try sandbox.list("list", "--all").isEmpty)
  }

  static let domains = [
    "<vcpu>0</vcpu>", "<vcpu>-1</vcpu>", "<vcpu>999999999999</vcpu>", "<vcpu current='0'>4</vcpu>",
    "<vcpu>x</vcpu>",
    "<memory unit='EiB'>1</memory>", "<memory unit='TiB'>65</memory>", "<memory>-1</memory>",
    "<memory>0</memory>",
    "<memory>99999999999999999999</memory>", "<uuid>1</uuid>", "<cpu mode='nosuch'/>",
    "<launchSecurity type='tdx'/>",
    "<launchSecurity type='sev'/>", "<launchSecurity type='sev'><policy>zz</policy></launchSecurity>",
    "<launchSecurity type='sev'><policy>0x100000003</policy></launchSecurity>",
    "<launchSecurity type='sev'><policy>-3</policy></launchSecurity>", "<name>a/b</name>", "<name>-rf</name>",
    "<name/>",
    "<name>..</name>", "<launchSecurity><policy>3</policy></launchSecurity>",
  ]

  @Test(arguments: domains) func `domains that cannot be are refused`(_ element: String) throws {
    let name = element.dropFirst().prefix { !" />".contains($0) }
    let parts = ["<name>web1</name>", "<memory>65536</memory>", "<os><type>hvm</type></os>"]
      .filter { !$0.hasPrefix("<\(name)>") }
    let file = try sandbox.directory.write(
      "<domain type='qemu'>\((parts + [element]).joined())</domain>", to: "domain.xml")
    let before = try sandbox.snapshot()
    expect(try sandbox.run("define", file), is: .usage)
    #expect(try sandbox.snapshot() == before)
  }

  @Test func `a million arguments' worth of words is bounded`() throws {
    let long = String(repeating: "a", count: 100_000)
    for words in [
      ["domstate", long], ["define", long], ["policy", "explain", long], ["list", "--label", "a=\(long)"],
      [long], ["--\(long)"], ["start", "x", "--secret", long],
    ] {
      let outcome = try sandbox.cvmctl.run(words)
      #expect([1, 2, 3].contains(outcome.status), "\(outcome.status)")
      #expect(
        outcome.wallTime < 5 && outcome.stderr.utf8.count < 4096,
        "\(words[0].prefix(20)): \(outcome.stderr.utf8.count) bytes in \(outcome.wallTime) s")
    }
  }
}
