import ArgumentParser
import Glibc
import LibvirtBackend

/// One run of the program: words in, exit code out.
enum Invocation {
  static func run(_ words: [String]) -> Int32 {
    do {
      // Answered before the parser: these two are asked most often and need nothing of it.
      if words == ["--version"] || words == ["-V"] {
        try Terminal.out("cvmctl \(Product.version)\n")
        return 0
      }
      let (globals, rest) = GlobalPosition.leading(words)
      if rest.first == "complete" { return try CompleteVerb.run(Array(rest.dropFirst()), after: globals) }
      return try parsed(words)
    } catch {
      return Failure.report(error, json: wantsJSON(words), showsCause: wantsCause(words))
    }
  }

  private static func parsed(_ words: [String]) throws -> Int32 {
    let settled = GlobalPosition.settled(words)
    // Loading libvirt takes longer than everything else together: the words are parsed meanwhile.
    if let verb = settled.verbs.first, actsOnHost.contains(verb) {
      let host = namedHost(words)
      if !host.hasPrefix("sim:") { LibvirtBackend.preload(for: host) }
    }
    var command: any ParsableCommand
    do {
      command = try settled.parsed()
    } catch {
      return try unparsed(error, words: words)
    }
    do {
      try command.run()
    } catch let error where CVMCtl.exitCode(for: error) == .success {
      return try unparsed(error, words: words)  // `help` and groups without a verb
    }
    return 0
  }

  /// The verbs that act on a host, through libvirt.so where its socket does not do; for what only looks at guests
  /// another thread would cost more than it saves.
  private static let actsOnHost: Set = [
    "start", "shutdown", "reboot", "reset", "destroy", "suspend", "resume", "undefine", "domlaunchsecinfo",
    "domsetlaunchsecstate", "nodesevinfo", "capabilities", "domcapabilities",
  ]

  /// As `Settings` finds the host, of words that are not parsed yet.
  private static func namedHost(_ words: [String]) -> String {
    let named = lastValue(["-c", "--connect"], of: words, variable: "CVMCTL_DEFAULT_URI", key: "connect")
    return named ?? Environment["LIBVIRT_DEFAULT_URI"] ?? Settings.defaultHost
  }

  /// Help and version are texts for standard output; everything else is a usage error of one line.
  private static func unparsed(_ error: any Error, words: [String]) throws -> Int32 {
    guard CVMCtl.exitCode(for: error) != .success else {
      let text = CVMCtl.fullMessage(for: error)
      try Terminal.out(text.hasSuffix("\n") ? text : text + "\n")
      return 0
    }
    if let refusal = SecretWords.refusal(of: words) { throw refusal }
    throw UsageError(CVMCtl.message(for: error), hint: "try 'cvmctl help'")
  }

  /// Whether errors go out as JSON.
  private static func wantsJSON(_ words: [String]) -> Bool {
    lastValue(["-o", "--output"], of: words, variable: "CVMCTL_OUTPUT", key: "output") == "json"
  }

  private static func wantsCause(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains("--debug")
      || lastValue(["--log-level"], of: words, variable: nil, key: "log-level") == "debug"
  }

  /// A setting's value, also of words that could not be parsed: the last one given, then the environment's, then the
  /// configuration's.
  private static func lastValue(
    _ names: [String], of words: [String], variable: String?, key: String
  ) -> String? {
    var value: Substring?
    let words = words.prefix { $0 != "--" }
    for (word, next) in zip(words, words.dropFirst().map { $0[...] } + [nil]) {
      if names.contains(word) {
        value = next ?? value
      } else if let name = names.first(where: { word.hasPrefix($0) }) {
        let rest = word.dropFirst(name.count)
        if rest.first == "=" { value = rest.dropFirst() } else if !name.hasPrefix("--") { value = rest }
      }
    }
    if let value { return String(value) }
    if let variable, let value = Environment[variable] { return value }
    let files = (try? ConfigurationFile.loadAll()) ?? []
    return files.lazy.compactMap { $0.values[key] }.first
  }
}

/// A mistake on the command line.
struct UsageError: Error, Equatable {
  let message: String
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}
