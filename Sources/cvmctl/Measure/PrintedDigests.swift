import CVMCore

/// Digests as lines: one alone, or "VCPUS TYPE DIGEST" each; explained, a table of steps each.
struct PrintedDigests {
  let text: String

  init(_ predictions: [DigestPrediction], isSweep: Bool, isExplained: Bool, _ format: DigestFormat) {
    text = predictions.map { prediction in
      let digest = format.text(prediction.digest)
      let line =
        isSweep
        ? "\(prediction.vcpus.map(String.init) ?? "-") \(prediction.cpuModel ?? "-") \(digest)\n"
        : digest + "\n"
      guard isExplained else { return line }
      return Self.table(prediction.steps ?? [], format) + line
    }.joined()
  }

  private static func table(_ steps: [DigestPrediction.Step], _ format: DigestFormat) -> String {
    let rows = steps.map {
      [$0.gpa ?? "-", String($0.size), $0.type ?? "-", $0.content, format.text($0.digest)]
    }
    return TextTable.layout([["GPA", "SIZE", "TYPE", "CONTENT", "DIGEST"]] + rows)
  }
}
