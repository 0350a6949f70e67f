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

  /// Whether errors go out as JSON, for words that could not be parsed as well.
  private static func wantsJSON(_ words: [String]) -> Bool {
    for (index, word) in words.enumerated() where word != "--" {
      if word == "-ojson" || word == "--output=json" || word == "-o=json" { return true }
      if word == "-o" || word == "--output", index + 1 < words.count, words[index + 1] == "json" {
        return true
      }
    }
    return Environment["CVMCTL_OUTPUT"] == "json" && !words.contains("-o") && !words.contains("--output")
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
