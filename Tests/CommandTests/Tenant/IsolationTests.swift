import Foundation
import TestHarness
import Testing

/// What one tenant gets for another's objects: what it gets for those that there are not, and nothing else.
@Suite("another tenant's objects") struct IsolationTests {
  /// One state directory for all: no command here changes it.
  private static let world = Result { try World() }

  /// Commands with the place of a name in them, by the words of each.
  static let named: [(words: String, arguments: [String])] = [
    ("start", ["@"]), ("shutdown", ["@"]), ("reboot", ["@"]), ("reset", ["@"]), ("destroy", ["@"]),
    ("suspend", ["@"]), ("resume", ["@"]), ("resume", ["@", "--owner-accepted"]), ("undefine", ["@"]),
    ("domstate", ["@"]), ("dominfo", ["@"]), ("domid", ["@"]), ("domuuid", ["@"]), ("domname", ["@"]),
    ("dumpxml", ["@"]), ("dumpxml", ["--inactive", "@"]), ("domlaunchsecinfo", ["@"]),
    ("domsetlaunchsecstate", ["@", "--secrethdr", "/dev/null", "--secret", "/dev/null"]),
    ("launch show", ["@"]), ("launch history", ["@"]), ("launch verify", ["@"]),
    ("secret inject", ["@", "--secret", "luks-key=@/dev/null"]), ("secret inject", ["@", "--packet", "/x"]),
    ("measure", ["--guest", "@"]), ("sim memory", ["@"]), ("sim memory", ["@", "--address", "0x0"]),
    ("policy show", ["@"]), ("policy explain", ["@"]), ("policy edit", ["@", "0x3"]),
    ("policy delete", ["@"]), ("policy check", ["@"]), ("tenant show", ["@"]),
    ("tenant label", ["@", "a=b"]),
    ("tenant suspend", ["@"]), ("tenant resume", ["@"]), ("tenant delete", ["@"]),
    ("tenant destroy", ["@", "--crypto-erase", "--yes"]), ("tenant token create", ["@", "--out", "/x/y"]),
    ("tenant token list", ["@"]), ("tenant token revoke", ["@"]), ("list", ["--tenant", "@"]),
    ("key show", ["@"]), ("key rotate", ["@"]), ("key revoke", ["@", "--reason", "ceased"]),
    ("key destroy", ["@", "--yes"]), ("key export", ["@", "--plaintext", "--out", "/x/y"]),
    ("key export", ["@", "--public", "--out", "/x/y"]), ("key export", ["@", "--sealed", "--out", "/x/y"]),
    ("key suspend", ["@"]), ("key resume", ["@"]), ("key policy", ["@", "--rotate-after", "90d"]),
    ("key wrap", ["@", "--in", "%", "--out", "/x/y"]),
    ("measure record", ["--guest", "@", "reference"]), ("measure record show", ["@"]),
    ("measure record export", ["@", "--out", "/x/y"]), ("measure record delete", ["@"]),
    (
      "idblock create",
      ["--id-key", "key:@", "--measurement", String(repeating: "00", count: 48), "--out", "/x/y"]
    ),
  ]

  /// Commands in whose arguments no object of a tenant can be named, and the lists, tested below; `key unwrap` takes a file that
  /// `key wrap` of the same key wrote.
  private static let nameless: Set = [
    "list", "define", "create", "policy list", "policy create", "tenant list", "tenant create",
    "session create", "session show", "session verify", "idblock show", "idblock verify", "secret build",
    "secret show",
    "host check", "host info", "host certs export", "host certs import", "host certs verify", "nodesevinfo",
    "capabilities", "domcapabilities", "version", "uri", "hostname", "sim host create", "sim host list",
    "sim host show", "sim host delete", "config show", "completion", "help",
    "measure record list", "measure record import", "key unwrap", "key list", "key create", "key import",
    "key due", "key migrate", "key open",
    "key recipient create", "key escrow", "key recover",
    "vault init", "vault unlock", "vault lock", "vault rekey", "vault status", "vault agent",
    "state where", "state check", "state backup", "state restore",
    "audit list", "audit show", "audit verify", "audit prove", "audit export", "audit anchor", "audit key",
    "audit rekey",
  ]

  @Test func `are tried with every command that there is`() throws {
    let tree = try Tool(Program.cvmctl).succeed("--experimental-dump-help").object()
    let commands = Set(Self.leaves(try #require(tree.object("command")), []))
    #expect(commands == Self.nameless.union(Self.named.map(\.words)))
  }

  @Test(arguments: named.indices)
  func `are as absent as those that there are not, to the holder of a credential`(_ index: Int) throws {
    try expectAbsent(Self.named[index], try Self.world.get().holder)
  }

  @Test(arguments: named.indices)
  func `are as absent as those that there are not, to who acts for another tenant`(_ index: Int) throws {
    // For the operator there are all tenants and their credentials, whoever it acts for.
    guard !Self.named[index].words.hasPrefix("tenant"), Self.named[index].words != "list" else { return }
    try expectAbsent(Self.named[index], try Self.world.get().neighbour)
  }

  @Test func `are in no list`() throws {
    let world = try Self.world.get()
    for tool in [world.holder, world.neighbour] {
      for words in [
        ["list", "--all"], ["launch", "history"], ["policy", "list"], ["key", "list"],
        ["measure", "record", "list", "--versions"],
      ] {
        let text = try tool.succeed(words + ["-o", "json"]).stdout
        #expect(!world.telling.contains { text.contains($0) }, "\(words): \(text)")
        #expect(words[0] == "policy" || text == "[]\n")
      }
    }
    for words in [["tenant", "list"], ["tenant", "token", "list"]] {
      let text = try world.holder.succeed(words + ["-o", "json"]).stdout
      #expect(!world.telling.contains { text.contains($0) } && text.contains("\"acme\""), "\(words): \(text)")
    }
    for word in ["start", "policy show", "launch show", "tenant show", "tenant suspend"] {
      let words = ["complete", "--"] + word.split(separator: " ").map(String.init) + [""]
      let text = try world.holder.succeed(words).stdout
      #expect(!world.telling.contains { text.contains($0) }, "\(word): \(text)")
    }
    #expect(try world.operator.succeed("list", "--all", "--all-tenants", "--name").stdout == "web1\n")
  }

  @Test func `keep their names on the host, and give away no more than that`() throws {
    let world = try Self.world.get()
    for tool in [world.holder, world.neighbour] {
      let outcome = try tool.run("define", world.sandbox.file("web1.yaml"))
      expect(outcome, is: .conflict)
      #expect(outcome.stderr == "cvmctl: error: guest 'web1' exists already\n")
    }
  }

  @Test func `have no records for the holder of a credential`() throws {
    let world = try Self.world.get()
    let holder = world.holder
    let records = try holder.succeed("audit", "list", "-o", "json").stdout
    #expect(!records.contains("\"tenant\": \"rival\""), "\(records)")
    for words in [["audit", "list"], ["audit", "export"], ["audit", "show", "1"]] {
      expect(try holder.run(words + ["--all-tenants"]), is: .permission)
    }
  }

  @Test func `are left as they were`() throws {
    let world = try Self.world.get()
    for (words, text) in [
      (["domstate", "web1", "-t", "rival"], "running"),
      (["policy", "show", "own-policy", "-t", "rival"], "0x0000000b"),
      (["tenant", "show", "rival"], "active"), (["tenant", "token", "list", "rival"], world.token),
    ] {
      #expect(try world.operator.succeed(words).stdout.contains(text), "\(words)")
    }
  }

  /// Every name of the other tenant's objects against one that resembles it and is nobody's.
  private func expectAbsent(_ command: (words: String, arguments: [String]), _ tool: Tool) throws {
    let world = try Self.world.get()
    for (theirs, nobodys) in zip(world.theirs, world.nobodys) where Self.canBe(theirs, of: command.words) {
      let answers = try [theirs, nobodys].map { name in
        let words = command.words.split(separator: " ").map(String.init)
        let outcome = try tool.run(
          words
            + command.arguments.map { word in
              word == "@" || word == "key:@"
                ? word.dropLast() + name : word == "%" ? world.sandbox.file("token") : word
            })
        #expect(outcome.status == 3, "\(command.words) \(name): \(outcome)")
        #expect(outcome.stdout.isEmpty, "\(command.words) \(name): \(outcome)")
        return outcome.stderr.replacing(name, with: "NAME")
      }
      #expect(answers[0] == answers[1], "\(command.words) \(theirs)")
    }
  }

  /// A number is a policy by itself, and a tenant's name has no sign in it: such words are refused for what they are.
  private static func canBe(_ name: String, of words: String) -> Bool {
    if words.hasPrefix("key") || words.hasPrefix("idblock") { return ["own-key", "rival"].contains(name) }
    if words.hasPrefix("policy") { return ["web1", "own-policy", "own-policy@1", "rival"].contains(name) }
    return !(words.hasPrefix("tenant") || words == "list") || words == "tenant token revoke"
      || !name.contains("@")
  }

  private static func leaves(_ command: JSONObject, _ path: [String]) -> [String] {
    let children = command.list("subcommands")?.compactMap { $0 as? [String: Any] } ?? []
    // `measure` does something itself, and so do its subcommands: it takes the options of every act.
    let arguments = command.list("arguments")?.compactMap { $0 as? [String: Any] } ?? []
    let acts = arguments.flatMap { $0["names"] as? [[String: Any]] ?? [] }.contains {
      $0["name"] as? String == "state-dir"
    }
    let own = children.isEmpty || acts ? [path.joined(separator: " ")] : []
    return own
      + children.map { JSONObject($0) }.flatMap { leaves($0, path + [$0.string("commandName") ?? ""]) }
  }
}

/// A host with a tenant that owns one of everything, and another one that owns nothing.
final class World: Sendable {
  let sandbox: Sandbox
  let `operator`: Tool
  /// Shows the credential of the one that owns nothing.
  let holder: Tool
  /// The operator, acting for it.
  let neighbour: Tool
  /// The id of a credential of the one that owns everything.
  let token: String
  /// Names and ids of what is another's.
  let theirs: [String]
  let nobodys: [String]
  /// Of what is another's that which stands in nothing else by accident.
  var telling: [String] { theirs.filter { $0.count > 2 } }

  init() throws {
    sandbox = try Sandbox()
    `operator` = sandbox.cvmctl
    let owner = sandbox.cvmctl.with("-t", "rival")
    for name in ["acme", "rival"] { try sandbox.succeed("tenant", "create", name) }
    let file = try sandbox.directory.write(GuestText("web1").yaml, to: "web1.yaml")
    try owner.succeed("define", file)
    let launch = try owner.succeed("start", "web1", "-o", "json").object()
    let guest = try owner.succeed("dominfo", "web1", "-o", "json").object()
    try owner.succeed("policy", "create", "own-policy", "0xb", "--type", "sev")
    try owner.succeed("key", "create", "own-key")
    try owner.succeed("measure", "record", "--guest", "web1", "own-reference")
    try sandbox.succeed("tenant", "token", "create", "acme", "--out", sandbox.file("token"))
    let credential = try sandbox.cvmctl.succeed(
      "tenant", "token", "create", "rival", "--out", sandbox.file("theirs"), "-o", "json"
    ).object()
    token = credential.string("id") ?? ""
    var holder = sandbox.cvmctl
    holder.environment["CVMCTL_TOKEN_FILE"] = sandbox.file("token")
    self.holder = holder
    neighbour = sandbox.cvmctl.with("-t", "acme")
    let id = guest.number("id") ?? 1
    theirs = [
      "web1", guest.string("uuid") ?? "", String(id), launch.string("id") ?? "", "own-policy",
      "own-policy@1", "rival", token, "own-key", "own-key@1", "own-reference", "own-reference@1",
    ]
    nobodys = [
      "web9", "8f0752f4-4131-437c-b071-12cbe79d4e3c", String(id + 7), "8f0752f4-4131-437c-b071-12cbe79d4e3d",
      "own-policz", "own-policz@1", "rivam", "0123456789abcdef", "own-kez", "own-kez@1",
      "own-referencf", "own-referencf@1",
    ]
  }
}
