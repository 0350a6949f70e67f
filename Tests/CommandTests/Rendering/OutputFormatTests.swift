import Foundation
import TestHarness
import Testing

/// A host with a launched guest, a plain one, a policy and an imported chain: something for every command to show.
private final class Furnished: Sendable {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.define(GuestText("web1", launch: "{type: sev-es}", more: "labels: {role: web}"))
    try sandbox.define(GuestText("plain", launch: nil))
    try sandbox.succeed("start", "web1", "--paused")
    try sandbox.succeed("policy", "create", "mine", "NODBG,NOKS,NOSEND", "--type", "sev", "--note", "for web")
    try sandbox.succeed(
      "session", "create", "--host", "sim:///", "--policy", "0x3", "--out", sandbox.file("session"))
    try sandbox.directory.write("secret", to: "secret", mode: 0o600)
  }

  static let shared = Result { try Furnished() }
}

@Suite("output formats") struct OutputFormatTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Furnished.shared.get().sandbox }

  /// Commands that change nothing, and how many objects they show; nil: one that is no list.
  static let commands: [(words: String, count: Int?)] = [
    ("list --all", 2), ("domstate web1", nil), ("dominfo web1", nil), ("domid web1", nil),
    ("domuuid web1", nil), ("domname web1", nil), ("dumpxml web1", nil), ("dumpxml --inactive web1", nil),
    ("domlaunchsecinfo web1", nil), ("nodesevinfo", nil), ("capabilities", nil), ("domcapabilities", nil),
    ("version", nil), ("uri", nil), ("hostname", nil), ("host check", nil), ("host check --type sev-es", nil),
    ("host info", nil), ("host certs verify", nil), ("policy list", 7), ("policy list --versions", 7),
    ("policy show default", 3), ("policy show mine", nil), ("policy explain 0x5", nil),
    ("policy explain default", 3), ("policy check web1", nil), ("launch show web1", nil),
    ("launch history", 1), ("launch history web1", 1), ("launch verify web1", nil),
    ("measure --guest web1", nil),
    ("sim host list", 1), ("sim host show default", nil), ("sim memory web1", 2),
    ("sim memory web1 --address 0xfffff000 --count 16", nil), ("config show", 7),
    ("session show @session", nil),
    ("session verify @session --policy 0x3", nil),
  ]

  private func words(_ text: String) -> [String] {
    text.split(separator: " ").map { $0.hasPrefix("@") ? sandbox.file(String($0.dropFirst())) : String($0) }
  }

  @Test(arguments: commands.map(\.words)) func `every format of a command is what it says`(
    _ command: String
  ) throws {
    let count = try #require(Self.commands.first { $0.words == command }).count
    for format in ["table", "wide", "yaml", "name"] {
      let outcome = try sandbox.cvmctl.succeed(words(command) + ["-o", format])
      #expect(!outcome.stdout.isEmpty && outcome.stdout.hasSuffix("\n"), "\(format)")
      #expect(outcome.stderr.isEmpty, "\(outcome.stderr)")
      expectPlain(outcome)
    }
    let outcome = try sandbox.cvmctl.succeed(words(command) + ["-o", "json"])
    let value = try outcome.json()
    let objects = try #require(value as? [[String: Any]] ?? (value as? [String: Any]).map { [$0] })
    #expect((value as? [Any])?.count == count, "\(outcome.stdout)")
    for object in objects { #expect(object["simulated"] is Bool, "\(object)") }
    expectPlain(outcome)
  }

  @Test(arguments: ["list --all", "dominfo web1", "launch show web1", "nodesevinfo", "version", "host info"])
  func `whatever comes from a simulated host says so`(_ command: String) throws {
    let value = try sandbox.cvmctl.succeed(words(command) + ["-o", "json"]).json()
    let objects = try #require(value as? [[String: Any]] ?? (value as? [String: Any]).map { [$0] })
    for object in objects { #expect(object["simulated"] as? Bool == true, "\(object)") }
    let table = try sandbox.cvmctl.succeed(words(command) + ["-o", "wide"]).stdout
    #expect(table.lowercased().contains("simulated"), "\(table)")
  }

  @Test(arguments: [
    "define @web.yaml", "start web1", "suspend web1", "resume web1", "destroy web1", "undefine web1",
    "policy create extra NODBG,NOKS --type sev", "policy edit extra NODBG,NOKS,NOSEND", "policy delete extra",
    "sim host create other",
  ]) func `a verb that changes something shows what it changed`(_ verb: String) throws {
    for format in ["json", "yaml", "name", "table"] {
      let sandbox = try Sandbox()
      try sandbox.directory.write(GuestText("web1").yaml, to: "web.yaml")
      if verb.hasPrefix("policy") {
        if !verb.contains("create") {
          try sandbox.succeed("policy", "create", "extra", "0x3", "--type", "sev")
        }
      } else if !verb.hasPrefix("define"), !verb.hasPrefix("sim") {
        try sandbox.define(GuestText("web1"))
        if ["suspend", "destroy"].contains(where: verb.hasPrefix) { try sandbox.succeed("start", "web1") }
        if verb.hasPrefix("resume") { try sandbox.succeed("start", "web1", "--paused") }
      }
      let words = verb.split(separator: " ").map {
        $0.hasPrefix("@") ? sandbox.file(String($0.dropFirst())) : String($0)
      }
      let outcome = try sandbox.cvmctl.succeed(words + ["-o", format, "--no-progress"])
      #expect(outcome.stderr.isEmpty, "\(outcome.stderr)")
      switch format {
      case "json":
        #expect(try outcome.object().flag("simulated") != nil, "\(outcome.stdout)")
      case "name":
        let name = words.contains("other") ? "other" : words.contains("extra") ? "extra" : "web1"
        #expect(outcome.stdout == name + "\n")
      default: #expect(!outcome.stdout.isEmpty)
      }
    }
  }

  @Test func `name prints names alone, one a line`() throws {
    #expect(
      Set(try sandbox.succeed("list", "--all", "-o", "name").stdout.split(separator: "\n")) == [
        "web1", "plain",
      ])
    #expect(try sandbox.succeed("list", "--all", "--name").stdout.split(separator: "\n").count == 2)
    let uuids = try sandbox.succeed("list", "--all", "--uuid").stdout.split(separator: "\n")
    #expect(uuids.count == 2 && uuids.allSatisfy { $0.count == 36 })
  }

  @Test func `a table has a header, no borders, and columns as wide as their content`() throws {
    let lines = try sandbox.succeed("list", "--all").stdout.split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("NAME    ID   STATE"))
    let column = try #require(lines[0].range(of: "STATE")).lowerBound.utf16Offset(in: lines[0])
    for line in lines.dropFirst() {
      #expect(Array(line)[column - 1] == " " && Array(line)[column] != " ", "\(line)")
    }
  }

  @Test func `yaml has the keys of json, in its order`() throws {
    let json = try sandbox.succeed("-o", "json", "launch", "show", "web1").stdout
    let yaml = try sandbox.succeed("-o", "yaml", "launch", "show", "web1").stdout
    let keys = json.split(separator: "\n").filter { $0.hasPrefix("  \"") }.map {
      String($0.dropFirst(3).prefix { $0 != "\"" })
    }
    let lines = yaml.split(separator: "\n").filter { !$0.hasPrefix(" ") && !$0.hasPrefix("-") }
    #expect(lines.map { String($0.prefix { $0 != ":" }) } == keys, "\(yaml)")
  }
}
