import ArgumentParser
import CVMCore
import SimulatedBackend
import StateStore

/// Names that completion offers, from the local state only: nothing is made, no daemon is asked, and nobody is
/// waited for. Whatever goes wrong, there is nothing to offer.
final class LocalNames {
  private let words: [String]
  private lazy var settings = try? GlobalOptions.parse(Self.globals(words)).settings()

  /// `-c`, `-t` and `--state-dir` among the words typed so far count for completion too.
  init(_ words: [String]) { self.words = words }

  /// The acting tenant's guests at the host.
  var guests: [Candidate] {
    guard let settings else { return [] }
    let uri = Settings.canonical(settings["connect"])
    let rows = store.flatMap { try? $0.guests(tenant: settings["tenant"], uri: uri) } ?? []
    return rows.map { Candidate(value: $0.name) }
  }

  /// Every policy's name, once.
  var policies: [Candidate] {
    var seen: Set<String> = []
    return (LaunchPolicy.builtIn.map { Candidate(value: $0.name, description: $0.note) } + ownPolicies)
      .filter { seen.insert($0.value).inserted }
  }

  /// The tenant's own policies.
  var ownPolicies: [Candidate] {
    guard let settings else { return [] }
    let rows = store.flatMap { try? $0.policies(tenant: settings["tenant"]) } ?? []
    return rows.map { Candidate(value: $0.name, description: $0.note) }
  }

  /// The tenant's keys.
  var keys: [Candidate] {
    guard let settings else { return [] }
    let rows = store.flatMap { try? $0.namedKeys(tenant: settings["tenant"]) } ?? []
    return rows.map { Candidate(value: $0.name, description: $0.purpose) }
  }

  var tenants: [Candidate] {
    let rows = store.flatMap { try? $0.tenants() } ?? []
    return rows.map { Candidate(value: $0.name) }
  }

  /// The simulated hosts.
  var hosts: [Candidate] {
    guard let settings else { return [] }
    let names = (try? SimulatedHost.names(in: settings["state-dir"] + "/sim")) ?? []
    return names.map { Candidate(value: $0.rawValue) }
  }

  private var store: StateStore? {
    guard let settings else { return nil }
    return try? StateStore(
      path: settings["state-dir"], access: .readOnly, patience: .milliseconds(200), at: .now())
  }

  private static func globals(_ words: [String]) -> [String] {
    var globals: [String] = []
    var words = words[...]
    while let word = words.popFirst() {
      let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
      guard GlobalOptions.valueNames.contains(name) else { continue }
      if name != word {
        globals.append(word)
      } else if let value = words.popFirst() {
        globals += [word, value]
      }
    }
    return globals
  }
}
