import Foundation
import TestHarness

/// The program's commands as it describes them itself.
struct CommandTree {
  /// Every command that does something, by its words: `launch show`.
  let leaves: [Leaf]

  struct Leaf: CustomStringConvertible {
    let name: String
    /// `--connect` and `-c` alike.
    let options: Set<String>

    var description: String { name }
  }

  static let current = Result { try CommandTree() }

  private init() throws {
    let outcome = try Tool(Repository.cvmctl).succeed("--experimental-dump-help")
    guard let command = try outcome.object().object("command") else { throw HarnessError("no command tree") }
    leaves = Self.leaves(command, path: [])
  }

  /// The options that every command takes.
  var globalOptions: Set<String> {
    let named = leaves.filter { $0.name != "help" }.map(\.options)
    return named.dropFirst().reduce(named.first ?? []) { $0.intersection($1) }
  }

  private static func leaves(_ command: JSONObject, path: [String]) -> [Leaf] {
    let children =
      command.list("subcommands")?.compactMap { ($0 as? [String: Any]).map { JSONObject($0) } } ?? []
    let below = children.flatMap { leaves($0, path: path + [$0.string("commandName") ?? ""]) }
    let arguments =
      command.list("arguments")?.compactMap { ($0 as? [String: Any]).map { JSONObject($0) } } ?? []
    let options = arguments.flatMap { argument in
      (argument.list("names") ?? []).compactMap { ($0 as? [String: Any]).map { JSONObject($0) } }
        .compactMap { name in
          name.string("name").map { (name.string("kind") == "short" ? "-" : "--") + $0 }
        }
    }
    // `measure` does something itself, and so do its subcommands: it takes the options of every act.
    guard children.isEmpty || options.contains("--state-dir") else { return below }
    return [Leaf(name: path.joined(separator: " "), options: Set(options))] + below
  }
}
