import ArgumentParser
import Glibc

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
      return Failure.report(error, json: wantsJSON(words))
    }
  }

  private static func parsed(_ words: [String]) throws -> Int32 {
    var command: any ParsableCommand
    do {
      command = try CVMCtl.parseAsRoot(GlobalPosition.settled(words))
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

  /// Help and version are texts for standard output; everything else is a usage error of one line.
  private static func unparsed(_ error: any Error, words: [String]) throws -> Int32 {
    guard CVMCtl.exitCode(for: error) != .success else {
      let text = CVMCtl.fullMessage(for: error)
      try Terminal.out(text.hasSuffix("\n") ? text : text + "\n")
      return 0
    }
    throw UsageError(CVMCtl.message(for: error), hint: "try 'cvmctl help'")
  }

  /// Whether errors go out as JSON: by the last `-o`, also of words that could not be parsed, then the environment, then the
  /// configuration.
  private static func wantsJSON(_ words: [String]) -> Bool {
    var format: Substring?
    let words = words.prefix { $0 != "--" }
    for (word, next) in zip(words, words.dropFirst().map { $0[...] } + [nil]) {
      if word == "-o" || word == "--output" {
        format = next ?? format
      } else if let prefix = ["--output=", "-o=", "-o"].first(where: word.hasPrefix) {
        format = word.dropFirst(prefix.count)
      }
    }
    if let format { return format == "json" }
    if let format = Environment["CVMCTL_OUTPUT"] { return format == "json" }
    let files = (try? ConfigurationFile.loadAll()) ?? []
    return files.lazy.compactMap { $0.values["output"] }.first == "json"
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
