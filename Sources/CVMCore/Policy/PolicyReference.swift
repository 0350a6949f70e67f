import SEV

/// How people name a policy: `default`, `web@3`, `0x5`, `NODBG,NOKS`.
package struct PolicyReference: Equatable, Sendable {
  package let text: String
  package let kind: Kind

  package enum Kind: Equatable, Sendable {
    case named(String, version: Int?)
    case value(UInt64)
    /// AMD's bit names.
    case bits
  }

  package init(_ text: String) throws(CoreError) {
    self.text = text
    if text.first?.isNumber == true {
      guard let value = Self.number(text) else { throw .usage("policy '\(text)' is not a number of 64 bits") }
      kind = .value(value)
    } else if text.contains(where: { ",+|".contains($0) }) || SEVPolicy.names.contains(text)
      || SNPPolicy.names.contains(text)
    {
      kind = .bits
    } else {
      let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
      var version: Int?
      if parts.count == 2 {
        guard let number = Int(parts[1]), number > 0 else {
          throw .usage("policy '\(text)': the version is not a number")
        }
        version = number
      }
      kind = .named(try PolicyName.check(String(parts[0])), version: version)
    }
  }

  /// The value of a number or of bit names for `type`; nil for a name.
  package func value(for type: LaunchType) throws(CoreError) -> PolicyValue? {
    switch kind {
    case .named: return nil
    case .value(let number):
      guard type == .sevSNP || number <= UInt64(UInt32.max) else {
        throw .usage("policy \(text) has more than the 32 bits of a \(type.rawValue) policy")
      }
      return PolicyValue(type: type, rawValue: number)
    case .bits:
      do {
        return type == .sevSNP
          ? PolicyValue(type: type, rawValue: try SNPPolicy(text: text).rawValue)
          : PolicyValue(type: type, rawValue: UInt64(try SEVPolicy(text: text).rawValue))
      } catch {
        throw .usage(error.summary, hint: error.hint)
      }
    }
  }

  /// The type that a bare number most likely belongs to: bit 17 is mandatory for SEV-SNP, and would be an API of 2.0 and more for SEV.
  package static func likelyType(of number: UInt64) -> LaunchType {
    if number > UInt64(UInt32.max) || number & 1 << 17 != 0 { return .sevSNP }
    return number & 4 != 0 ? .sevES : .sev
  }

  private static func number(_ text: String) -> UInt64? {
    if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt64(text.dropFirst(2), radix: 16) }
    return UInt64(text)
  }
}

/// The names that policies may have.
package enum PolicyName {
  package static func check(_ name: String) throws(CoreError) -> String {
    let allowed = name.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == UInt8(ascii: "-")
    }
    guard allowed, (1...63).contains(name.utf8.count),
      name.utf8.first.map({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) == true
    else {
      throw .usage(
        "policy '\(name)': a name is 1 to 63 lower-case letters, digits and hyphens, beginning with a letter",
        hint: "or give a number such as 0x3, or AMD's bit names: \(SEVPolicy.names.joined(separator: ","))")
    }
    return name
  }
}
