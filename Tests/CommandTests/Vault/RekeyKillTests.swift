import Foundation
import TestHarness
import Testing

/// `vault rekey --new-root`, killed at every call that writes.
@Suite("vault rekey, killed") struct RekeyKillTests {
  private let sandbox: Sandbox
  private let kept: String
  private let names = ["a", "b"]

  init() throws {
    sandbox = try Sandbox(hasHost: false)
    kept = sandbox.file("kept")
    for name in names { try sandbox.succeed("key", "create", name) }
    try sandbox.succeed("tenant", "create", "acme")
    try sandbox.succeed("key", "create", "c", "-t", "acme")
    try Tool("/bin/cp").succeed("-a", sandbox.state, kept)
  }

  private func export(_ name: String) throws -> Data {
    let out = sandbox.file("out-\(UInt64.random(in: 0 ... .max))")
    try sandbox.succeed("key", "export", name, "--plaintext", "--out", out)
    return try Data(contentsOf: URL(fileURLWithPath: out))
  }

  /// Runs cvmctl until its call number `count`; says whether it came to its end.
  private func run(_ words: [String], killedAt call: String, _ count: Int) throws -> Bool {
    try run(words, "inject=\(call):signal=SIGKILL:when=\(count)", at: call).status == 0
  }

  /// Runs cvmctl on a fresh copy of the state, and does something to one of its calls.
  private func run(_ words: [String], _ injection: String, at call: String) throws -> Outcome {
    try FileManager.default.removeItem(atPath: sandbox.state)
    try Tool("/bin/cp").succeed("-a", kept, sandbox.state)
    return try Tool("/usr/bin/strace").run(
      ["-f", "-o", "/dev/null", "-e", "trace=\(call)", "-e", injection, Program.cvmctl]
        + sandbox.cvmctl.arguments + words)
  }

  /// The number of the first such call that the state directory sees: a loader opens much before.
  private func first(_ call: String, of words: [String]) throws -> Int {
    guard call == "openat" else { return 1 }
    try FileManager.default.removeItem(atPath: sandbox.state)
    try Tool("/bin/cp").succeed("-a", kept, sandbox.state)
    let log = sandbox.file("calls")
    try Tool("/usr/bin/strace").succeed(
      ["-f", "-o", log, "-e", "trace=\(call)", Program.cvmctl] + sandbox.cvmctl.arguments + words)
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    return (lines.firstIndex { $0.contains(sandbox.state) } ?? 0) + 1
  }

  private var leftovers: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: sandbox.state + "/vault")) ?? []
    return names.filter { $0 != "root.key" }
  }

  static let calls = ["write", "pwrite64", "fsync", "fdatasync", "renameat", "unlinkat", "openat"]

  @Test(arguments: calls) func `leaves one root key that opens all, and none of the other`(_ call: String)
    throws
  {
    let keys = try names.map { try export($0) }
    let rekey = ["vault", "rekey", "--seal", "file", "--new-root"]
    let (start, step) = (try first(call, of: rekey), call == "pwrite64" ? 2 : 1)
    var kills = 0
    for count in stride(from: start, through: 400, by: step) {
      if try run(rekey, killedAt: call, count) { break }
      kills += 1
      #expect(try sandbox.object("vault", "status").string("state") == "unlocked", "\(call) \(count)")
      #expect(leftovers.isEmpty, "\(call) \(count): \(leftovers)")
      try sandbox.succeed("key", "list")
      for (name, key) in zip(names, keys) { #expect(try export(name) == key, "\(call) \(count)") }
      try sandbox.cvmctl.succeed(rekey)
      #expect(leftovers.isEmpty, "\(call) \(count): \(leftovers)")
      #expect(try export("a") == keys[0], "\(call) \(count)")
      try sandbox.succeed("key", "rotate", "c", "-t", "acme")
      try sandbox.succeed("audit", "verify")
    }
    #expect(kills > 0)
  }

  /// A disk that fails once: the command says so, or did not need that call, and nothing is lost.
  @Test(arguments: ["fsync", "fdatasync", "pwrite64", "write", "renameat", "openat"])
  func `with a call that fails leaves one root key that opens all`(_ call: String) throws {
    let key = try export("a")
    let rekey = ["vault", "rekey", "--seal", "file", "--new-root"]
    var failures = 0
    let start = try first(call, of: rekey)
    for count in start..<(start + 16) {
      let before = try Data(contentsOf: URL(fileURLWithPath: kept + "/vault/root.key"))
      let outcome = try run(rekey, "inject=\(call):error=EIO:when=\(count)", at: call)
      let after = try Data(contentsOf: URL(fileURLWithPath: sandbox.state + "/vault/root.key"))
      if outcome.status == 0 {
        #expect(before != after, "\(call) \(count)")
      } else {
        failures += 1
        #expect(
          !outcome.timedOut && outcome.stderr.hasPrefix("cvmctl: error: "), "\(call) \(count): \(outcome)")
      }
      #expect(try export("a") == key, "\(call) \(count): \(outcome.stderr)")
      #expect(leftovers.isEmpty, "\(call) \(count): \(leftovers)")
      try sandbox.cvmctl.succeed(rekey)
      #expect(try export("a") == key, "\(call) \(count)")
      try sandbox.succeed("audit", "verify")
    }
    #expect(failures > 0)
  }

  /// A share without `.pending` opens the vault that there is.
  @Test(arguments: [false, true]) func `leaves no shares that look like the vault's and are not`(
    _ isNew: Bool
  ) throws {
    let out = sandbox.file("shares")
    let rekey =
      ["vault", "rekey", "--seal", "shamir", "--shares", "2", "--threshold", "2", "--out", out]
      + (isNew ? ["--new-root"] : [])
    var kills = 0
    for call in ["fsync", "fdatasync", "renameat2", "renameat"] {
      for count in 1...100 {
        try? FileManager.default.removeItem(atPath: out)
        if try run(rekey, killedAt: call, count) { break }
        kills += 1
        let status = try sandbox.object("vault", "status")
        let shares = (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []
        let named = shares.filter { !$0.hasSuffix(".pending") }
        guard status.string("seal") == "shamir" else {
          #expect(named.isEmpty, "\(call) \(count): \(shares)")
          // What is left makes way.
          try sandbox.cvmctl.succeed(rekey)
          continue
        }
        let given = shares.sorted().flatMap { ["--share", "\(out)/\($0)"] }
        try sandbox.cvmctl.succeed(["vault", "unlock"] + given)
        _ = try export("a")
        try sandbox.succeed("vault", "lock")
      }
    }
    #expect(kills > 5)
  }
}
