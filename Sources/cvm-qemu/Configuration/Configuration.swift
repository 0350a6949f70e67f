import SEV

/// What `cvm-qemu.conf` says. libvirt hands no environment on, so this file next to the program is all there is.
///
/// | key          | value                                             |
/// |--------------|---------------------------------------------------|
/// | `emulator`   | absolute path of the real QEMU                    |
/// | `platform`   | absolute path of the simulated AMD-SP's directory |
/// | `generation` | `init` (default) or `init2`: which SEV-ES VMSA    |
///
/// One `key = value` a line; blank lines and lines that start with `#` are skipped; each key once.
struct Configuration: Equatable {
  static let fileName = "cvm-qemu.conf"
  /// Bytes.
  static let sizeLimit = 64 << 10

  let emulator: String
  let platform: String
  let generation: VMSAGeneration

  init(emulator: String, platform: String, generation: VMSAGeneration = .initial) {
    self.emulator = emulator
    self.platform = platform
    self.generation = generation
  }

  /// `file` is for error texts.
  init(parsing text: String, file: String) throws(ConfigurationError) {
    let values = try Self.values(of: text, file: file)
    emulator = try Self.path("emulator", in: values, file: file)
    platform = try Self.path("platform", in: values, file: file)
    guard let word = values["generation"] else {
      generation = .initial
      return
    }
    guard let known = VMSAGeneration(rawValue: word) else {
      throw .badValue(file: file, key: "generation", expected: "init or init2")
    }
    generation = known
  }

  private static let keys: Set<String> = ["emulator", "platform", "generation"]

  private static func values(of text: String, file: String) throws(ConfigurationError) -> [String: String] {
    var values: [String: String] = [:]
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() {
      let line = trimmed(line)
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let equals = line.firstIndex(of: "=") else { throw .noAssignment(file: file, line: index + 1) }
      let key = trimmed(line[..<equals])
      guard keys.contains(key) else { throw .unknownKey(file: file, line: index + 1, key: key) }
      guard values.updateValue(trimmed(line[line.index(after: equals)...]), forKey: key) == nil else {
        throw .twice(file: file, line: index + 1, key: key)
      }
    }
    return values
  }

  private static func path(
    _ key: String, in values: [String: String], file: String
  ) throws(ConfigurationError) -> String {
    guard let value = values[key] else { throw .missingKey(file: file, key: key) }
    guard value.hasPrefix("/") else { throw .badValue(file: file, key: key, expected: "an absolute path") }
    return value
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
    return String(text[start..<end])
  }
}
