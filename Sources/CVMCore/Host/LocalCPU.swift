import SEV

/// This machine's CPU as `/proc/cpuinfo` describes it.
struct LocalCPU: Equatable, Sendable {
  let vendor: String
  let model: String
  let signature: CPUSignature?
  let flags: Set<Substring>

  static func read() -> LocalCPU? {
    guard let text = SystemFile.read("/proc/cpuinfo") else { return nil }
    var fields: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let key = parts[0].prefix { $0 != "\t" }
      if fields[key] == nil { fields[key] = parts[1].drop { $0 == " " } }
    }
    func number(_ key: Substring) -> Int? { fields[key].flatMap { Int($0) } }
    var signature: CPUSignature?
    if let family = number("cpu family"), let model = number("model"), let stepping = number("stepping") {
      signature = CPUSignature(family: family, model: model, stepping: stepping)
    }
    return LocalCPU(
      vendor: String(fields["vendor_id"] ?? ""), model: String(fields["model name"] ?? ""),
      signature: signature,
      flags: Set((fields["flags"] ?? "").split(separator: " ")))
  }
}
