import TestHarness
import Testing

/// Every mutating command, ended or failed at the calls with which it changes files. `make torture` tries every call.
@Suite("a mutating command", .serialized) struct TortureTests {
  @Test(.timeLimit(.minutes(60)), arguments: Reach.commands)
  func `that is killed leaves the state before it or after it, and the next one ends it`(
    _ command: MutatingCommand
  ) throws {
    let torture = try Torture(command)
    #expect(!torture.before.difference(from: torture.after).isEmpty && !torture.calls.isEmpty, "\(command)")
    for call in Reach.some(torture.calls, 4) {
      let outcome = try torture.run(call, "signal=SIGKILL")
      #expect(outcome.status == 128 + 9, "\(command), \(call): \(outcome)")
      try expectWhole(torture, "killed at \(call)")
    }
  }

  @Test(.timeLimit(.minutes(60)), arguments: Reach.commands)
  func `whose writing fails says so, and the next one ends it`(_ command: MutatingCommand) throws {
    let torture = try Torture(command)
    let faults: [(String, (Torture.Call) -> Bool)] = [
      ("error=EIO", { !$0.opens && !["unlink", "unlinkat"].contains($0.name) }),
      (
        "error=ENOSPC",
        { ["pwrite64", "write", "ftruncate", "renameat", "rename", "mkdirat", "mkdir"].contains($0.name) }
      ),
      ("error=EDQUOT", { ["pwrite64", "write"].contains($0.name) || $0.opens }),
      ("error=EMFILE", \.opens),
    ]
    for (fault, concerns) in Reach.isFull ? faults : [faults[command.words.count % faults.count]] {
      for call in Reach.some(torture.calls.filter(concerns), 3) {
        let outcome = try torture.run(call, fault)
        #expect((0...16).contains(outcome.status), "\(command), \(fault) at \(call): \(outcome)")
        #expect(outcome.status == 0 || outcome.stderr.contains("cvmctl: error: "), "\(call): \(outcome)")
        if outcome.status == 0 {
          #expect(
            try torture.view().difference(from: torture.after).isEmpty,
            "\(command) lied, \(fault) at \(call): \(outcome)")
        }
        try expectWhole(torture, "\(fault) at \(call)")
      }
    }
  }

  /// A limit in the middle of what is written cuts that write short and refuses the next.
  @Test(.timeLimit(.minutes(60)), arguments: Reach.commands)
  func `whose writes are cut short says so, and the next one ends it`(_ command: MutatingCommand) throws {
    let torture = try Torture(command)
    for limit in Reach.some([0, 1, 100, 4095, 4097, 9000, 20_001, 45_000, 70_001, 150_000], 3) {
      let outcome = try torture.run(limitedTo: limit)
      #expect((0...16).contains(outcome.status), "\(command), \(limit) bytes: \(outcome)")
      if outcome.status == 0 {
        #expect(
          try torture.view().difference(from: torture.after).isEmpty,
          "\(command) lied, \(limit) bytes: \(outcome)")
      }
      try expectWhole(torture, "\(limit) bytes")
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
    if let output = seen.output {
      #expect(output == torture.after.output, "\(command), \(what): half an output")
    }
    if !seen.difference(from: torture.after).isEmpty {
      let again = try torture.again()
      seen = try torture.view()
      #expect(
        seen.difference(from: torture.after).isEmpty,
        "\(command), \(what), once more: \(again) \(seen.difference(from: torture.after))")
    }
  }
}
