import Foundation

/// A command that changes something, with what has to stand before it. `#` in a word stands for the scratch directory.
struct MutatingCommand: CustomStringConvertible, Sendable {
  /// The commands that make the state before it.
  var before: [[String]] = []
  var words: [String]
  /// One transaction: whatever ends the command, the state is the one before it or the one after it.
  var isOneAct = true
  /// What it changes shows beside keys' names, moments and counts.
  var isSeen = true
  /// Takes seconds: left to the full loop.
  var isSlow = false

  var description: String { words.joined(separator: " ") }

  /// Files that the commands name.
  static let files = [
    "guest.yaml": GuestText("web1").yaml, "secret": "0123456789abcdef0123456789abcdef",
    "pass": "horse battery staple",
  ]

  /// The files that it makes beside the state directory.
  var outputs: [String] {
    if words.starts(with: ["state", "backup"]) { return words.suffix(1).map { String($0.dropFirst(2)) } }
    guard let place = words.firstIndex(of: "--out"), place + 1 < words.count else { return [] }
    let name = String(words[place + 1].dropFirst(2))
    return words[0] == "idblock" ? [name + "_idblock.b64", name + "_idauth.b64"] : [name]
  }

  /// One of each kind that there is.
  static let all: [MutatingCommand] = [
    MutatingCommand(words: ["define", "#/guest.yaml"], isOneAct: false),
    MutatingCommand(before: [define], words: ["undefine", "web1"], isOneAct: false),
    MutatingCommand(before: [define], words: ["start", "web1"], isOneAct: false),
    MutatingCommand(before: [define, start], words: ["destroy", "web1"], isOneAct: false),
    MutatingCommand(before: [define, start], words: ["suspend", "web1"], isOneAct: false),
    MutatingCommand(
      before: [define, start, ["suspend", "web1"]], words: ["resume", "web1"], isOneAct: false),
    MutatingCommand(words: ["policy", "create", "p", "0x3"]),
    MutatingCommand(before: [["policy", "create", "p", "0x3"]], words: ["policy", "edit", "p", "0xb"]),
    MutatingCommand(before: [["policy", "create", "p", "0x3"]], words: ["policy", "delete", "p"]),
    MutatingCommand(words: ["tenant", "create", "acme"]),
    MutatingCommand(before: [acme], words: ["tenant", "label", "acme", "a=b"]),
    MutatingCommand(before: [acme], words: ["tenant", "suspend", "acme"]),
    MutatingCommand(before: [acme, ["tenant", "suspend", "acme"]], words: ["tenant", "resume", "acme"]),
    MutatingCommand(before: [acme], words: ["tenant", "delete", "acme"]),
    MutatingCommand(
      before: [acme], words: ["tenant", "token", "create", "acme", "--out", "#/token"], isOneAct: false),
    MutatingCommand(
      before: [acme, ["-t", "acme", "key", "create", "k"]],
      words: ["tenant", "destroy", "acme", "--crypto-erase", "--yes"],
      isOneAct: false),
    MutatingCommand(words: ["key", "create", "k"], isOneAct: false),
    MutatingCommand(before: [key], words: ["key", "create", "l"]),
    MutatingCommand(before: [key], words: ["key", "import", "l", "#/secret"]),
    MutatingCommand(before: [key], words: ["key", "suspend", "k"]),
    MutatingCommand(before: [key, ["key", "suspend", "k"]], words: ["key", "resume", "k"]),
    MutatingCommand(before: [key], words: ["state", "backup", "#/copy"], isOneAct: false),
    MutatingCommand(before: [key], words: ["key", "rotate", "k"]),
    MutatingCommand(before: [key], words: ["key", "policy", "k", "--max-uses", "7"]),
    MutatingCommand(before: [key], words: ["key", "revoke", "k", "--reason", "ceased"]),
    MutatingCommand(before: [key], words: ["key", "destroy", "k", "--yes"], isOneAct: false),
    MutatingCommand(
      before: [key], words: ["key", "export", "k", "--plaintext", "--out", "#/out"], isOneAct: false),
    MutatingCommand(
      before: [key, recipient],
      words: ["key", "export", "k", "--recipient", "#/owner.pub", "--out", "#/out"],
      isOneAct: false),
    MutatingCommand(
      before: [key, recipient], words: ["tenant", "create", "held", "--hold-your-own-key", "#/owner.pub"]),
    MutatingCommand(
      before: [key], words: ["key", "wrap", "k", "--in", "#/secret", "--out", "#/out"], isOneAct: false),
    MutatingCommand(
      before: [["key", "create", "signer", "--algorithm", "p384"]],
      words: [
        "idblock", "create", "--id-key", "key:signer", "--measurement", String(repeating: "00", count: 48),
        "--out", "#/out",
      ], isOneAct: false),
    MutatingCommand(before: [key], words: ["key", "migrate", "--to", "x-wing"], isOneAct: false),
    MutatingCommand(before: [key], words: ["audit", "anchor", "--out", "#/anchor"], isOneAct: false),
    MutatingCommand(before: [key], words: ["audit", "rekey"], isOneAct: false, isSeen: false),
    MutatingCommand(
      words: ["vault", "init", "--seal", "passphrase", "--passphrase-file", "#/pass"], isOneAct: false),
    MutatingCommand(
      before: [key], words: ["vault", "rekey", "--seal", "passphrase", "--passphrase-file", "#/pass"],
      isOneAct: false),
    MutatingCommand(
      before: [define], words: ["measure", "record", "--guest", "web1", "r"], isOneAct: false),
    MutatingCommand(
      before: [define, reference], words: ["measure", "record", "export", "r", "--out", "#/out"],
      isOneAct: false),
    MutatingCommand(before: [define, reference], words: ["measure", "record", "delete", "r"]),
    MutatingCommand(
      before: [define, reference, ["measure", "record", "export", "r", "--out", "#/r"]],
      words: ["measure", "record", "import", "#/r"], isOneAct: false),
    MutatingCommand(words: ["sim", "host", "create", "other"], isOneAct: false, isSlow: true),
    MutatingCommand(
      before: [["sim", "host", "create", "other"]], words: ["sim", "host", "delete", "other"],
      isOneAct: false, isSlow: true),
  ]

  private static let define = ["define", "#/guest.yaml"]
  private static let start = ["start", "web1"]
  private static let reference = ["measure", "record", "--guest", "web1", "r"]
  private static let acme = ["tenant", "create", "acme"]
  private static let key = ["key", "create", "k"]
  private static let recipient = ["key", "recipient", "create", "--out", "#/owner"]
}
