import CVMCore

/// `--label KEY=VALUE`, given any number of times.
enum LabelOption {
  static func parse(_ texts: [String]) throws -> [(key: String, value: String)] {
    try texts.map { text in
      do throws(GuestDefinitionProblem) {
        return try GuestLabels.parse(text)
      } catch {
        throw UsageError("--label: \(error.problem)")
      }
    }
  }
}
