/// The name of a simulated host: a directory, and the path of `sim:///NAME`.
package struct HostName: Equatable, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: String

  /// The host that `sim:///` means; it is made on first use.
  package static let standard = HostName(unchecked: "default")

  /// Nil unless 1 to 63 of a-z, 0-9 and hyphen.
  package init?(_ text: String) {
    let allowed = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard allowed, (1...63).contains(text.utf8.count) else { return nil }
    rawValue = text
  }

  private init(unchecked text: String) { rawValue = text }

  package var description: String { rawValue }
}
