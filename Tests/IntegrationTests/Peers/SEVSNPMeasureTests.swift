import Foundation
import TestHarness
import Testing

extension Integration {
  /// `measure` against sev-snp-measure: all launches of a matrix give the same digest, but for the peer's faults.
  @Suite("sev-snp-measure") struct SEVSNPMeasureTests {
    let scratch: ScratchDirectory
    let cvmctl: Tool

    init() throws {
      scratch = try ScratchDirectory()
      cvmctl = Tool(Repository.cvmctl)
    }

    @Test func `agrees on every launch of the matrix`() throws {
      let groups = try MeasureMatrix(in: scratch).groups
      let cases = groups.flatMap(\.cases)
      #expect(cases.count >= 500)
      let theirs = try MeasureOracle.run(cases.map(\.words))
      var ours: [String] = []
      for group in groups {
        let lines = try cvmctl.succeed(group.sweep).stdout.split(separator: "\n").map(String.init)
        #expect(lines.count == group.cases.count)
        ours += lines
      }
      for (index, launch) in cases.enumerated()
      where theirs[index].digest.map({ launch.line + $0 }) != ours[index] {
        Issue.record("\(launch.words): \(ours[index]), sev-snp-measure: \(theirs[index])")
      }
    }

    @Test func `takes the peer's own command line for one launch`() throws {
      let groups = try MeasureMatrix(in: scratch).groups
      for group in groups.enumerated().filter({ $0.offset.isMultiple(of: 9) }).map(\.element) {
        guard let words = group.cases.last?.words, let theirs = try MeasureOracle.run([words]).first else {
          continue
        }
        let generation = group.isGenerated ? ["--vmsa-generation", "init2"] : []
        #expect(try cvmctl.succeed(["measure"] + words + generation).stdout == (theirs.digest ?? "") + "\n")
      }
    }

    @Test(arguments: OracleFault.all) func `disagrees where the peer is wrong`(_ fault: OracleFault) throws {
      let words = try fault.words(scratch)
      let theirs = try #require(try MeasureOracle.run([words]).first)
      let ours = try cvmctl.run(["measure"] + words)
      #expect((theirs.digest != nil) == fault.isMeasuredByPeer)
      switch fault.ours {
      case .refused(let status):
        #expect(ours.status == status && ours.stdout.isEmpty, "\(ours)")
      case .digest:
        #expect(ours.status == 0 && ours.stdout.dropLast() != theirs.digest ?? "", "\(ours)")
      }
    }
  }
}

/// sev-snp-measure, many runs in one process.
enum MeasureOracle {
  struct Answer {
    let status: Int
    /// What it printed where it succeeded.
    let digest: String?
  }

  static func run(_ launches: [[String]]) throws -> [Answer] {
    let lines = try launches.map {
      String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) + "\n"
    }
    let outcome = try Tool("/usr/bin/python3", [Repository.root + "/Tests/measure-oracle"]).run(
      [], stdin: Data(lines.joined().utf8), timeout: .seconds(300))
    let answers = try outcome.stdout.split(separator: "\n").map { line in
      guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let status = object["status"] as? Int, let text = object["stdout"] as? String
      else { throw HarnessError("measure-oracle: \(line)") }
      return Answer(status: status, digest: status == 0 ? text : nil)
    }
    guard answers.count == launches.count else {
      throw HarnessError("measure-oracle: exit \(outcome.status)\n\(outcome.stderr)")
    }
    return answers
  }
}
