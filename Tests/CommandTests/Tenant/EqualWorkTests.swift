import Foundation
import TestHarness
import Testing

/// What a command does for another tenant's object, call by call: what it does for one that there is not. Who counts, or takes the
/// time, learns nothing either.
@Suite("work for another tenant's objects", .serialized) struct EqualWorkTests {
  private static let world = Result { try World() }

  @Test(arguments: IsolationTests.named.indices)
  func `is the work for those that there are not`(_ index: Int) throws {
    let world = try Self.world.get()
    let (words, arguments) = IsolationTests.named[index]
    let (theirs, nobodys) = Self.names(words, in: world)
    #expect(theirs.utf8.count == nobodys.utf8.count)
    let calls = try [theirs, nobodys].map { name in
      let given = arguments.map {
        $0 == "@" || $0 == "key:@"
          ? $0.replacing("@", with: name) : $0 == "%" ? world.sandbox.file("token") : $0
      }
      let words = words.split(separator: " ").map(String.init) + given
      return try Self.calls(world.holder, words, in: world).map { $0.replacing(name, with: "NAME") }
    }
    #expect(calls[0].count > 20)
    let difference = calls[1].difference(from: calls[0])
    #expect(difference.isEmpty, "\(words)")
  }

  /// An object of the kind that the command takes, and a name as long that is nobody's.
  private static func names(_ words: String, in world: World) -> (String, String) {
    let wanted =
      if words.hasPrefix("key") || words.hasPrefix("idblock") {
        "own-key"
      } else if words.hasPrefix("policy") && words != "policy check" {
        "own-policy"
      } else if words == "tenant token revoke" {
        world.token
      } else if words.hasPrefix("tenant") || words == "list" {
        "rival"
      } else { "web1" }
    let index = world.theirs.firstIndex(of: wanted) ?? 0
    return (wanted, world.nobodys[index])
  }

  /// Every call on files, descriptors and sockets, with what it works on and how it went, of all threads, sorted: which of them
  /// comes first is chance. Each time from the same state: records of what was refused are in the file too.
  private static func calls(_ tool: Tool, _ words: [String], in world: World) throws -> [String] {
    let (state, kept) = (world.sandbox.state + "/state.db", world.sandbox.file("kept.db"))
    if !FileManager.default.fileExists(atPath: kept) { try Tool("/bin/cp").succeed(state, kept) }
    try Tool("/bin/cp").succeed(kept, state)
    let traces = world.sandbox.file("traces")
    try FileManager.default.createDirectory(atPath: traces, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: traces) }
    let outcome = try Tool("/usr/bin/strace", environment: tool.environment).run(
      [
        "-qq", "-ff", "-y", "-s", "0", "-e", "trace=%file,%desc,%network", "-e", "signal=none",
        "-o", traces + "/of", tool.path,
      ]
        + tool.arguments + words)
    #expect(outcome.status == 3, "\(words): \(outcome)")
    let lines = try FileManager.default.contentsOfDirectory(atPath: traces).flatMap { name in
      try String(contentsOfFile: "\(traces)/\(name)", encoding: .utf8).split(separator: "\n").map(String.init)
    }
    // Where memory comes to lie, and what number a process or, beside another thread, a descriptor gets, is chance.
    return lines.filter { !$0.hasPrefix("mmap") && !$0.contains(/\/proc\/(self|[0-9]+)\/maps/) }.map {
      $0.replacing(/0x[0-9a-f]+/, with: "0x").replacing(/[0-9]+</, with: "<")
    }.sorted()
  }
}
