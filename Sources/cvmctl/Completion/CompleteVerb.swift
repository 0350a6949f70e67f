/// `cvmctl complete -- WORD...`: candidates for the last word, answered from local state without waking a
/// daemon.
enum CompleteVerb {
  /// `globals`: options given before the verb; they count as typed before the words.
  static func run(_ arguments: [String], after globals: [String]) throws -> Int32 {
    guard arguments.first == "--" else { throw UsageError("complete takes -- and the words to complete") }
    let words = globals + arguments.dropFirst()
    let completion = Completion(words: Array(words.dropLast()), current: words.last ?? "")
    try Terminal.out(completion.candidates().map { $0.line + "\n" }.joined())
    return 0
  }
}

/// One word that may come next.
struct Candidate: Equatable {
  let value: String
  var description: String = ""

  /// `VALUE`, or `VALUE<TAB>DESCRIPTION`.
  var line: String {
    let value = TerminalSafe.escape(value)
    return description.isEmpty ? value : value + "\t" + TerminalSafe.escape(description)
  }
}
