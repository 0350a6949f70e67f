import ArgumentParser
import CVMCore
import SimulatedBackend

/// Names that completion offers, from the local store only. Whatever goes wrong, there is nothing to offer.
enum LocalNames {
  static func guests(_ words: [String]) -> [Candidate] {
    guard let settings = settings(words), let core = try? settings.core() else { return [] }
    return ((try? core.recordedNames(uri: settings["connect"])) ?? []).map { Candidate(value: $0) }
  }

  static func policies(_ words: [String]) -> [Candidate] {
    guard let core = try? settings(words)?.core(), let policies = try? core.policies(allVersions: false)
    else {
      return ["default", "strict"].map { Candidate(value: $0) }
    }
    var seen: Set<String> = []
    return policies.filter { seen.insert($0.name).inserted }.map {
      Candidate(value: $0.name, description: $0.note)
    }
  }

  static func hosts(_ words: [String]) -> [Candidate] {
    guard let settings = settings(words) else { return [] }
    let names = (try? SimulatedHost.names(in: settings["state-dir"] + "/sim")) ?? []
    return names.map { Candidate(value: $0.rawValue) }
  }

  /// The settings of the words typed so far: `-c` and `--state-dir` count for completion too.
  private static func settings(_ words: [String]) -> Settings? {
    var globals: [String] = []
    for (index, word) in words.enumerated()
    where GlobalOptions.valueNames.contains(word) && index + 1 < words.count {
      globals += [word, words[index + 1]]
    }
    guard let options = try? GlobalOptions.parse(globals) else { return nil }
    return try? options.settings()
  }
}
