import ArgumentParser
import CVMCore

/// What may come next after some words.
struct Completion {
  /// The words after `cvmctl` that are complete.
  let words: [String]
  /// The one being typed, possibly empty.
  let current: String

  func candidates() -> [Candidate] {
    let place = CommandPlace(after: words)
    let names = LocalNames(words)
    if let option = place.pending {
      return matching(OptionValues.of(option.name, at: place.path, names))
    }
    if current.hasPrefix("--"), !place.optionsEnded, let equals = current.firstIndex(of: "=") {
      let name = String(current[..<equals])
      guard let option = place.options.first(where: { $0.names.contains(name) }) else { return [] }
      return matching(
        OptionValues.of(option.name, at: place.path, names).map { Candidate(value: name + "=" + $0.value) })
    }
    if current.hasPrefix("-"), !place.optionsEnded {
      return matching(place.options.map { Candidate(value: $0.name, description: $0.help) })
    }
    return matching(place.subcommands + ArgumentValues.of(place, names))
  }

  private func matching(_ candidates: [Candidate]) -> [Candidate] {
    candidates.filter { $0.value.hasPrefix(current) }
  }
}
