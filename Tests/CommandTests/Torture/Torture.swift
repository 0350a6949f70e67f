import Foundation
import TestHarness

/// One mutating command, run again and again from the same state, each time with something done to it.
final class Torture {
  let command: MutatingCommand
  private let sandbox: Sandbox
  private let kept: String
  /// What can be seen before the command, and after it has run undisturbed.
  let before: View
  let after: View
  /// The calls of an undisturbed run that change files.
  let calls: [Call]

  /// What reading commands print, without what differs from run to run, and the names of the files.
  struct View {
    var texts: [String] = []
    var files: Set<String> = []
    /// Bytes of each of the command's output files, nil for one that is not there.
    var outputs: [Int?] = []

    /// The lines that only one of both has.
    func difference(from other: View) -> [String] {
      zip(lines, other.lines).flatMap { mine, its in
        mine.difference(from: its).map {
          switch $0 {
          case .insert(_, let line, _): "+" + line
          case .remove(_, let line, _): "-" + line
          }
        }
      }
    }

    private var lines: [[String]] {
      texts.map { $0.split(separator: "\n").map(String.init) } + [
        files.sorted(), outputs.map { "\($0 ?? -1) bytes" },
      ]
    }
  }

  /// The `number`th call of this name, counted as strace does.
  struct Call: CustomStringConvertible {
    var name: String
    var number: Int
    /// Of a file that it makes or opens for writing.
    var opens = false

    var description: String { "\(name) \(number)" }
  }

  private static let changing = [
    "pwrite64", "write", "fdatasync", "fsync", "rename", "renameat", "unlink", "unlinkat", "ftruncate",
    "mkdir",
    "mkdirat", "openat", "linkat", "fchmod",
  ]
  private static let reading = [
    ["list", "--all"], ["policy", "list"], ["tenant", "list"], ["key", "list"], ["vault", "status"],
    ["measure", "record", "list"],
  ]

  init(_ command: MutatingCommand) throws {
    self.command = command
    sandbox = try Sandbox()
    for (name, text) in MutatingCommand.files { try sandbox.directory.write(text, to: name) }
    for name in ["secret", "pass"] {
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: sandbox.file(name))
    }
    for words in command.before { try sandbox.cvmctl.succeed(Self.words(words, sandbox)) }
    // A reading command makes the store where there is none yet.
    try sandbox.succeed("policy", "list")
    kept = sandbox.file("kept")
    try Tool("/bin/cp").succeed("-a", sandbox.state, kept)
    before = try Self.view(sandbox, command)
    try Self.restore(sandbox, kept, command)
    let trace = sandbox.file("trace")
    let (strace, arguments) = Self.strace(["-e", "trace=" + Self.changing.joined(separator: ",")], to: trace)
    try strace.succeed(
      arguments + [Program.cvmctl] + sandbox.cvmctl.arguments + Self.words(command.words, sandbox))
    calls = Self.calls(try String(contentsOfFile: trace, encoding: .utf8), in: sandbox.directory.path)
    after = try Self.view(sandbox, command)
  }

  /// Runs the command from the state before it, with strace doing `injection` to a call.
  func run(_ call: Call, _ injection: String) throws -> Outcome {
    try Self.restore(sandbox, kept, command)
    let (strace, arguments) = Self.strace(
      ["-e", "trace=\(call.name)", "-e", "inject=\(call.name):\(injection):when=\(call.number)"],
      to: "/dev/null")
    return try strace.run(
      arguments + [Program.cvmctl] + sandbox.cvmctl.arguments + Self.words(command.words, sandbox))
  }

  /// The same, where no file may be longer than `bytes`.
  func run(limitedTo bytes: Int) throws -> Outcome {
    try Self.restore(sandbox, kept, command)
    return try Tool("/usr/bin/prlimit").run(
      ["--fsize=\(bytes)", Program.cvmctl] + sandbox.cvmctl.arguments + Self.words(command.words, sandbox))
  }

  func view() throws -> View { try Self.view(sandbox, command) }

  /// Runs the command once more, undisturbed, after its output files were taken away.
  func again() throws -> Outcome {
    for output in command.outputs { try? FileManager.default.removeItem(atPath: sandbox.file(output)) }
    return try sandbox.cvmctl.run(Self.words(command.words, sandbox))
  }

  func auditVerify() throws -> Outcome { try sandbox.run("audit", "verify") }

  private static func words(_ words: [String], _ sandbox: Sandbox) -> [String] {
    words.map { $0.hasPrefix("#/") ? sandbox.file(String($0.dropFirst(2))) : $0 }
  }

  private static func strace(_ options: [String], to trace: String) -> (Tool, [String]) {
    (Tool("/usr/bin/strace"), ["-f", "-y", "-o", trace] + options)
  }

  private static func restore(_ sandbox: Sandbox, _ kept: String, _ command: MutatingCommand) throws {
    try FileManager.default.removeItem(atPath: sandbox.state)
    for output in command.outputs { try? FileManager.default.removeItem(atPath: sandbox.file(output)) }
    try Tool("/bin/cp").succeed("-a", kept, sandbox.state)
  }

  private static func view(_ sandbox: Sandbox, _ command: MutatingCommand) throws -> View {
    var view = View()
    for words in reading {
      view.texts.append(Self.plain(try sandbox.cvmctl.succeed(["-o", "json"] + words).stdout))
    }
    view.files = Set(try FileManager.default.subpathsOfDirectory(atPath: sandbox.state).map(Self.plain))
    // Locks stay; what is in them says nothing.
    // Memory and context of a guest that no domain knows any more: the next launch clears them away, which has a test of its own.
    let passing = [".lock", "-wal", "-shm", ".ram", ".context"]
    view.files = view.files.filter { file in !passing.contains { file.hasSuffix($0) } }
    view.outputs = command.outputs.map { output in
      let facts = try? FileManager.default.attributesOfItem(atPath: sandbox.file(output))
      return facts?[.size] as? Int
    }
    return view
  }

  /// Without moments, UUIDs, digests and process numbers.
  private static func plain(_ text: String) -> String {
    var text = text
    for (pattern, word) in [
      ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "MOMENT"),
      ("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
      ("[0-9a-fA-F]{16,}", "HEX"), ("\"auditKey\" *: *\"[^\"]*\"", "KEY"),
      // What was begun and did not come to its end counts as well.
      ("\"(launches|uses)\" *: *[0-9]+|head of [0-9]+ records", "COUNT"),
    ] {
      text = text.replacingOccurrences(of: pattern, with: word, options: .regularExpression)
    }
    return text
  }

  /// The calls of a trace on files in `directory`.
  private static func calls(_ trace: String, in directory: String) -> [Call] {
    var counts: [String: Int] = [:]
    var found: [Call] = []
    for line in trace.split(separator: "\n") {
      // 1234  fdatasync(5</dir/state.db-wal>) = 0
      let words = line.drop { $0 != " " }.drop { $0 == " " }
      guard let bracket = words.firstIndex(of: "(") else { continue }
      let name = String(words[..<bracket])
      guard changing.contains(name) else { continue }
      let number = counts[name, default: 0] + 1
      counts[name] = number
      guard words.contains(directory) else { continue }
      let opens = name == "openat"
      guard !opens || words.contains("O_CREAT") || words.contains("O_RDWR") else { continue }
      found.append(Call(name: name, number: number, opens: opens))
    }
    return found
  }
}

/// How far the loops go: a few calls of each command, or with `CVM_TORTURE` set every one.
enum Reach {
  static let isFull = ProcessInfo.processInfo.environment["CVM_TORTURE"] != nil

  static var commands: [MutatingCommand] { MutatingCommand.all.filter { isFull || !$0.isSlow } }

  /// At most `count` of the elements, evenly spread, the first and the last among them.
  static func some<T>(_ elements: [T], _ count: Int) -> [T] {
    guard !isFull, elements.count > count, count > 1 else { return elements }
    return (0..<count).map { elements[$0 * (elements.count - 1) / (count - 1)] }
  }
}
