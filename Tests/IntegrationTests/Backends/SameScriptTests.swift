import Foundation
import TestHarness
import Testing

extension Integration {
  /// A script cannot tell the hosts apart but by what is theirs: the same commands, the same exit codes, the same JSON.
  @Suite("one script on both hosts") struct SameScriptTests {
    /// `FILE` is the domain XML of the guest `web1`.
    static let script = [
      "list --all", "define FILE", "list --all", "dominfo web1", "domstate web1", "measure --guest web1",
      "policy list", "policy explain 0x7", "policy check 0x1", "start web1 --allow-simulated",
      "list", "dominfo web1", "domstate web1", "domlaunchsecinfo web1", "launch show web1",
      "launch history web1", "launch verify web1", "start web1 --allow-simulated", "suspend web1",
      "domstate web1", "resume web1", "domstate web1", "undefine web1", "destroy web1", "destroy web1",
      "domstate web1", "launch show web1", "domlaunchsecinfo web1", "dominfo nobody", "launch show nobody",
      "create FILE --allow-simulated", "destroy web1", "undefine web1", "undefine web1", "list --all",
    ]

    /// Whose values are the host's, a launch's, or times; their keys are compared all the same.
    static let own: Set<String> = [
      "backend", "cpuSeconds", "endedAt", "expectedMeasurement", "host", "id", "measurement", "nonce",
      "seconds",
      "startedAt", "uri", "uuid",
    ]

    @Test func `prints the same JSON`() throws {
      let simulated = try transcript(.simulated)
      let real = try transcript(.libvirt)
      for (ours, theirs) in zip(simulated, real) { #expect(ours == theirs) }
    }

    /// One text a command: the command, its exit code, what it printed.
    private func transcript(_ kind: CommandHost.Kind) throws -> [String] {
      let host = try CommandHost(kind)
      var document = host.document("web1", policy: 7, vcpus: 2, words: GuestImage.stay)
      document.memoryMiB = 256
      let file = try host.directory.write(document.xml, to: "web1.xml")
      return try Self.script.map { line in
        let words = line.split(separator: " ").map { $0 == "FILE" ? file : String($0) }
        let outcome = try host.cvmctl.run(["-o", "json"] + words)
        let printed = [outcome.stdout, outcome.stderr].map { shared($0, host) }
        return ([line, "exit \(outcome.status)"] + printed).joined(separator: "\n")
      }
    }

    /// JSON without what is the host's own, keys in order.
    private func shared(_ text: String, _ host: CommandHost) -> String {
      guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
        let data = try? JSONSerialization.data(
          withJSONObject: withoutOwn(value), options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
      else { return text }
      return String(decoding: data, as: UTF8.self).replacingOccurrences(of: host.directory.path, with: "DIR")
    }

    private func withoutOwn(_ value: Any) -> Any {
      switch value {
      case let object as [String: Any]:
        var rest: [String: Any] = [:]
        for (key, value) in object { rest[key] = Self.own.contains(key) ? "…" : withoutOwn(value) }
        return rest
      case let list as [Any]: return list.map(withoutOwn)
      default: return value
      }
    }
  }
}
