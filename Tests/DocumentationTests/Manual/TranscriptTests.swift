import Foundation
import TestHarness
import Testing

/// The session at the beginning of EXAMPLES, run and compared line by line. It uses Debian's OVMF.
@Suite("EXAMPLES of cvmctl(1)") struct TranscriptTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  @Test func `the simulated sessions print what the manual shows`() throws {
    let source = try String(contentsOfFile: "\(Repository.root)/man/cvmctl.1", encoding: .utf8)
    // The first three need no SEV host.
    let blocks = Literal.blocks(in: source, section: "EXAMPLES").prefix(3)
    var ran = 0
    for step in blocks.flatMap(Self.steps) {
      if step.command.hasPrefix("export ") { continue }
      if step.command.hasPrefix("cat ") {
        try scratch.write(step.output.joined(separator: "\n") + "\n", to: String(step.command.dropFirst(4)))
        continue
      }
      let outcome = try shell(step.command)
      ran += 1
      // A command whose output the manual leaves out has to be one that works.
      guard !step.output.isEmpty else {
        #expect(outcome.status == 0, "\(step.command): \(outcome.stderr)")
        continue
      }
      #expect(
        (outcome.stdout + outcome.stderr) == step.output.joined(separator: "\n") + "\n", "\(step.command)")
    }
    #expect(ran >= 6)
  }

  /// `$ command` and what follows it.
  private static func steps(_ lines: [String]) -> [(command: String, output: [String])] {
    lines.reduce(into: []) { steps, line in
      if line.hasPrefix("$ ") {
        steps.append((String(line.dropFirst(2)), []))
      } else if !steps.isEmpty {
        steps[steps.count - 1].output.append(line)
      }
    }
  }

  private func shell(_ command: String) throws -> Outcome {
    var environment = Tool.plainEnvironment
    environment["CVMCTL_DEFAULT_URI"] = "sim:///"
    environment["CVMCTL_STATE_DIR"] = scratch.file("state")
    let script = "cd \(scratch.path) && cvmctl() { \(Repository.cvmctl) \"$@\"; }; \(command)"
    return try Tool("/bin/bash", ["-c", script], environment: environment).run()
  }
}
