import ArgumentParser
import CVMCore

/// `cvmctl complete -- WORD...`: candidates for the last word, answered from local state without waking a daemon.
enum CompleteVerb {
  static func run(_ arguments: [String]) throws -> Int32 {
    guard arguments.first == "--" else { throw UsageError("complete takes -- and the words to complete") }
    let words = Array(arguments.dropFirst())
    let candidates = Completion(words: words.dropLast().map { $0 }, current: words.last ?? "").candidates()
    try Terminal.out(candidates.map { $0.line + "\n" }.joined())
    return 0
  }
}

struct Candidate: Equatable {
  let value: String
  var description: String = ""

  var line: String {
    let value = TerminalSafe.escape(value)
    return description.isEmpty ? value : value + "\t" + TerminalSafe.escape(description)
  }
}

/// Where the words lead in the tree of commands, and what may come next.
struct Completion {
  let words: [String]
  let current: String

  func candidates() -> [Candidate] {
    var level: any ParsableCommand.Type = CVMCtl.self
    var index = 0
    var arguments: [String] = []
    while index < words.count {
      let word = words[index]
      if arguments.isEmpty,
        let next = level.configuration.subcommands.first(where: { $0.configuration.commandName == word })
      {
        level = next
      } else if let option = options(of: level).first(where: { $0.names.contains(word) }) {
        if option.takesValue {
          if index + 1 >= words.count { return matching(values(of: option.name)) }
          index += 1
        }
      } else {
        arguments.append(word)
      }
      index += 1
    }
    if let equals = current.firstIndex(of: "="), current.hasPrefix("--") {
      let name = String(current[..<equals])
      return values(of: name).filter { ($0.value).hasPrefix(current[current.index(after: equals)...]) }
        .map { Candidate(value: name + "=" + $0.value) }
    }
    if current.hasPrefix("-") {
      return matching(options(of: level).map { Candidate(value: $0.name, description: $0.help) })
    }
    if arguments.isEmpty, !level.configuration.subcommands.isEmpty {
      return matching(
        level.configuration.subcommands.compactMap { next in
          next.configuration.commandName.map {
            Candidate(value: $0, description: next.configuration.abstract)
          }
        } + (level == CVMCtl.self ? [Candidate(value: "help", description: "Show help.")] : []))
    }
    return matching(positional(of: level, arguments))
  }

  private func matching(_ candidates: [Candidate]) -> [Candidate] {
    candidates.filter { $0.value.hasPrefix(current) }
  }

  private func options(of level: any ParsableCommand.Type) -> [KnownOption] { KnownOption.all(of: level) }

  private func values(of option: String) -> [Candidate] {
    switch option {
    case "-o", "--output": OutputFormat.allCases.map { Candidate(value: $0.rawValue) }
    case "--type": LaunchType.allCases.map { Candidate(value: $0.rawValue) }
    case "--vmsa-generation": [Candidate(value: "init"), Candidate(value: "init2")]
    case "-c", "--connect", "--host":
      ["qemu:///system", "qemu:///session", "sim:///", "test:///default"].map { Candidate(value: $0) }
    case "--log-level": LogLevel.allCases.map { Candidate(value: $0.rawValue) }
    case "--output-format": [Candidate(value: "hex"), Candidate(value: "base64")]
    case "--policy": LocalNames.policies(words)
    case "--guest": LocalNames.guests(words)
    case "-t", "--tenant": [Candidate(value: "default")]
    default: []
    }
  }

  private func positional(of level: any ParsableCommand.Type, _ given: [String]) -> [Candidate] {
    let used = Set(given)
    return switch level.configuration.commandName {
    case "start", "shutdown", "reboot", "reset", "destroy", "suspend", "resume", "undefine":
      LocalNames.guests(words).filter { !used.contains($0.value) }
    case "domstate", "dominfo", "domid", "domuuid", "dumpxml", "domlaunchsecinfo", "domsetlaunchsecstate",
      "memory",
      "history", "verify", "inject":
      given.isEmpty ? LocalNames.guests(words) : []
    case "show" where words.contains("launch"): given.isEmpty ? LocalNames.guests(words) : []
    case "explain", "edit", "check": given.isEmpty ? LocalNames.policies(words) : []
    case "show" where words.contains("policy"), "delete" where words.contains("policy"):
      given.isEmpty ? LocalNames.policies(words) : []
    case "show" where words.contains("sim"), "delete" where words.contains("sim"): LocalNames.hosts(words)
    case "completion": [Candidate(value: "bash")]
    default: []
    }
  }
}
