package import Bytes
import Documents
import FoundationEssentials

/// A reference value (RFC 9334): what a launch is expected to measure, as its tenant signs it. One version of it.
package struct ReferenceValue: Codable, Equatable, Sendable {
  package var tenant: String
  package var name: String
  /// From 1.
  package var version: Int
  package var expected: LaunchFacts
  /// Of the cvmctl that predicted the digest.
  package var toolVersion: String
  package var madeAt: String
  /// RFC 3339; nil: from the beginning on.
  package var validFrom: String?
  /// RFC 3339; nil: for good. At this moment it is no longer valid.
  package var validUntil: String?
  package var signingKey: SigningKey
  /// Nil for one that was recorded here.
  package var importedFrom: Origin?

  /// The tenant's key that signs it.
  package struct SigningKey: Codable, Equatable, Sendable {
    package var name: String
    package var version: Int64
  }

  /// What an imported one was where it came from. Its signatures were verified, and the importing tenant signs it anew.
  package struct Origin: Codable, Equatable, Sendable {
    package var tenant: String
    package var name: String
    package var version: Int
    /// SHA-256 of the public key that verified it, hex.
    package var keyFingerprint: String
  }

  /// `NAME@VERSION`.
  package var title: String { "\(name)@\(version)" }
}

/// The signed text: JSON on one line without blanks, the members of every object by name, nothing that is nil.
extension ReferenceValue {
  /// What a signature says that it is of.
  package static let context = "cvmctl/reference-value/v1"
  static let format = "reference value"

  func canonical() throws(CoreError) -> [UInt8] {
    do {
      return Array(try JSONText.emit(Self.canonical(try ValueEncoder.encode(self)), pretty: false).utf8)
    } catch {
      throw .usage("reference value '\(title)' cannot be written: \(error.summary)")
    }
  }

  /// Throws for anything that `canonical()` would write otherwise: what is not understood is not believed either.
  init(canonical bytes: [UInt8]) throws(FormatError) {
    guard let value = try? JSONDecoder().decode(ReferenceValue.self, from: Data(bytes)),
      let again = try? value.canonical(), again == bytes
    else { throw FormatError(Self.format, at: 0, .invalid(field: "value", reason: "not a reference value")) }
    self = value
  }

  /// Of a document's value, whatever the order of its members.
  init(_ value: Value) throws(FormatError) {
    guard let text = try? JSONText.emit(Self.canonical(value), pretty: false) else {
      throw FormatError(Self.format, at: 0, .invalid(field: "value", reason: "not a reference value"))
    }
    try self.init(canonical: Array(text.utf8))
  }

  /// A value is at most four objects deep where it is ours; a document's reader has limited it where it is not.
  private static func canonical(_ value: Value) -> Value {
    guard let members = value.members else { return value }
    let present = members.filter { if case .null = $0.value { false } else { true } }
    return .object(
      present.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
        Value.Member($0.key, canonical($0.value))
      })
  }
}

extension ReferenceValue {
  /// Throws unless it is valid at a moment.
  func requireValid(at now: Timestamp) throws(CoreError) {
    if let validFrom, try Self.moment(validFrom) > now {
      throw .refused("reference value '\(title)' is not yet valid: it is from \(validFrom) on")
    }
    if let validUntil, try Self.moment(validUntil) <= now {
      throw .refused(
        "reference value '\(title)' expired at \(validUntil)", hint: "record it anew: cvmctl measure record")
    }
  }

  /// What cannot be read is not valid.
  private static func moment(_ text: String) throws(CoreError) -> Timestamp {
    guard let moment = Timestamp(text) else { throw .refused("a reference value's moment '\(text)' is none") }
    return moment
  }
}

/// When a reference value can be used.
package struct ReferenceValidity: Equatable, Sendable {
  package var from: Timestamp?
  package var until: Timestamp?

  package init(from: Timestamp?, until: Timestamp?) throws(CoreError) {
    if let from, let until, from >= until {
      throw .usage("--valid-until is not after --valid-from: such a reference value could never be used")
    }
    self.from = from
    self.until = until
  }
}

/// `NAME`, or `NAME@VERSION` for one version of a reference value.
package struct ReferenceName: Equatable, Sendable {
  package let name: String
  /// Nil for the newest.
  package let version: Int64?

  package init(_ text: String) throws(CoreError) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    name = try Self.check(String(parts[0]))
    guard parts.count > 1 else {
      version = nil
      return
    }
    guard let number = UInt32(parts[1]), number > 0, !parts[1].hasPrefix("+") else {
      throw .usage("reference value '\(text)': a version is a number from 1 on")
    }
    version = Int64(number)
  }

  /// 1 to 63 lower-case letters, digits, hyphens, dots and underscores, beginning with a letter or digit; not a word that
  /// `measure record` knows.
  package static func check(_ name: String) throws(CoreError) -> String {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    let allowed = name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    guard allowed, (1...63).contains(name.utf8.count), name.utf8.first.map(isAlphanumeric) == true else {
      throw .usage(
        "reference value '\(name)': a name is 1 to 63 lower-case letters, digits, '-', '.' and '_', beginning with a letter or digit"
      )
    }
    guard !["list", "show", "export", "import", "delete"].contains(name) else {
      throw .usage("'\(name)' is a word of measure record: a reference value has another name")
    }
    return name
  }
}
