import TestHarness
import Testing

/// Every mutating command, killed, failed and cut short at the calls with which it changes files. `make torture` tries every call.
@Suite("a mutating command") struct TortureTests {
  @Test(.timeLimit(.minutes(60)), arguments: Reach.commands.indices)
  func `that does not come to its end leaves the state before it or after it, and the next one ends it`(
    _ index: Int
  ) throws {
    let torture = try Torture(Reach.commands[index])
    let isSeen = !torture.before.difference(from: torture.after).isEmpty
    #expect(isSeen == torture.command.isSeen && !torture.calls.isEmpty)
    try kill(torture)
    for (fault, concerns) in Reach.isFull ? Self.faults : [Self.faults[index % Self.faults.count]] {
      try fail(torture, fault, Reach.some(torture.calls.filter(concerns), 2))
    }
    for limit in Reach.isFull ? Self.limits : [Self.limits[index % Self.limits.count]] {
      try cutShort(torture, limit)
    }
  }

  private static let faults: [(String, @Sendable (Torture.Call) -> Bool)] = [
    ("error=EIO", { !$0.opens && !["unlink", "unlinkat"].contains($0.name) }),
    (
      "error=ENOSPC",
      { ["pwrite64", "write", "ftruncate", "renameat", "rename", "mkdirat", "mkdir"].contains($0.name) }
    ),
    ("error=EDQUOT", { ["pwrite64", "write"].contains($0.name) || $0.opens }),
    ("error=EMFILE", { $0.opens }),
  ]

  /// Bytes that a file may have; the file that takes the error line is one too.
  private static let limits = [1000, 4095, 4097, 9000, 20_001, 45_000, 70_001, 150_000]

  private func kill(_ torture: Torture) throws {
    for call in Reach.some(torture.calls, 3) {
      let outcome = try torture.run(call, "signal=SIGKILL")
      #expect(outcome.status == 128 + 9, "\(torture.command), \(call): \(outcome)")
      try expectWhole(torture, "killed at \(call)")
    }
  }

  private func fail(_ torture: Torture, _ fault: String, _ calls: [Torture.Call]) throws {
    for call in calls {
      try expectHonest(try torture.run(call, fault), torture, "\(fault) at \(call)")
      try expectWhole(torture, "\(fault) at \(call)")
    }
  }

  /// A limit in the middle of what is written cuts that write short and refuses the next.
  private func cutShort(_ torture: Torture, _ limit: Int) throws {
    try expectHonest(try torture.run(limitedTo: limit), torture, "\(limit) bytes")
    try expectWhole(torture, "\(limit) bytes")
  }

  /// Ends by itself, and says that it has failed unless it has done everything.
  private func expectHonest(_ outcome: Outcome, _ torture: Torture, _ what: String) throws {
    #expect((0...16).contains(outcome.status), "\(torture.command), \(what): \(outcome)")
    if outcome.status == 0 {
      let difference = try torture.view().difference(from: torture.after)
      #expect(difference.isEmpty, "\(torture.command) lied, \(what): \(outcome)")
    } else {
      #expect(outcome.stderr.contains("cvmctl: error: "), "\(torture.command), \(what): \(outcome)")
    }
  }

  private func expectWhole(_ torture: Torture, _ what: String) throws {
    let command = torture.command
    let verified = try torture.auditVerify()
    #expect(verified.status == 0, "\(command), \(what): \(verified)")
    var seen = try torture.view()
    if command.isOneAct {
      #expect(
        seen.texts == torture.before.texts || seen.texts == torture.after.texts,
        "\(command), \(what): \(seen.difference(from: torture.before))")
    }
    for (output, whole) in zip(seen.outputs, torture.after.outputs) where output != nil {
      #expect(output == whole, "\(command), \(what): half an output")
    }
    guard !command.isSeen || !seen.difference(from: torture.after).isEmpty else { return }
    let again = try torture.again()
    #expect(command.isSeen || again.status == 0, "\(command), \(what), once more: \(again)")
    seen = try torture.view()
    let difference = seen.difference(from: torture.after)
    #expect(difference.isEmpty, "\(command), \(what), once more: \(again) \(difference)")
  }
}
