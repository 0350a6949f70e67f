import ArgumentParser
import CVMCore
import CVMCrypto
import SimulatedBackend
import StateStore

/// Names that completion offers, from the local state only: nothing is made, no daemon is asked, and nobody is
/// waited for. Whatever goes wrong, there is nothing to offer.
final class LocalNames {
  private let words: [String]
  private lazy var settings = try? GlobalOptions.parse(Self.globals(words)).settings()
  private lazy var store = settings.flatMap { settings in
    try? StateStore(
      path: settings["state-dir"], access: .readOnly, patience: .milliseconds(200), at: .now())
  }
  /// Whose names are offered; nil: nobody's.
  private lazy var tenant = settings.flatMap { Self.tenant($0, store) }

  /// `-c`, `-t` and `--state-dir` among the words typed so far count for completion too.
  init(_ words: [String]) { self.words = words }

  /// The acting tenant's guests at the host.
  var guests: [Candidate] {
    guard let settings, let tenant else { return [] }
    let uri = Settings.canonical(settings["connect"])
    let rows = store.flatMap { try? $0.guests(tenant: tenant, uri: uri) } ?? []
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
    guard let tenant else { return [] }
    let rows = store.flatMap { try? $0.policies(tenant: tenant) } ?? []
    return rows.map { Candidate(value: $0.name, description: $0.note) }
  }

  /// The tenant's keys.
  var keys: [Candidate] {
    guard let tenant else { return [] }
    let rows = store.flatMap { try? $0.namedKeys(tenant: tenant) } ?? []
    return rows.map { Candidate(value: $0.name, description: $0.purpose) }
  }

  /// The tenant's reference values.
  var references: [Candidate] {
    guard let tenant else { return [] }
    let rows = store.flatMap { try? $0.referenceValues(tenant: tenant) } ?? []
    return rows.map { Candidate(value: $0.name) }
  }

  var tenants: [Candidate] {
    guard settings?.tokenFile == nil else { return tenant.map { [Candidate(value: $0)] } ?? [] }
    let rows = store.flatMap { try? $0.tenants() } ?? []
    return rows.map { Candidate(value: $0.name) }
  }

  /// The simulated hosts.
  var hosts: [Candidate] {
    guard let settings else { return [] }
    let names = (try? SimulatedHost.names(in: settings["state-dir"] + "/sim")) ?? []
    return names.map { Candidate(value: $0.rawValue) }
  }

  /// The acting tenant. A credential that cannot be read at once, or is of another tenant than the one named, is
  /// nobody's.
  private static func tenant(_ settings: Settings, _ store: StateStore?) -> String? {
    guard let file = settings.tokenFile else { return settings["tenant"] }
    guard let bytes = try? InputFile.read(file, limit: Credential.size), let store,
      let token = try? Credential.token(SecretBytes(copying: bytes), in: store),
      settings.namedTenant ?? token.tenant == token.tenant
    else { return nil }
    return token.tenant
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
