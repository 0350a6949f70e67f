/// A GUID as firmware tables and secret tables write it: text is RFC 4122, bytes are mixed-endian
/// (the first three groups little-endian; UEFI specification, appendix A).
package struct GUID: Hashable, Sendable, CustomStringConvertible {
  /// The 16 bytes in mixed-endian order.
  package let bytes: [UInt8]

  package static let size = 16

  /// Nil unless there are exactly 16 bytes.
  package init?(mixedEndian bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }

  /// Nil unless `text` is 8-4-4-4-12 hexadecimal digits.
  package init?(_ text: String) {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12], let plain = Hex.decode(groups.joined()) else {
      return nil
    }
    bytes = Self.swapped(plain)
  }

  /// Lower-case text, 8-4-4-4-12.
  package var description: String {
    let hex = Array(Hex.encode(Self.swapped(bytes)).utf8)
    let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
    return groups.map { String(decoding: hex[$0], as: UTF8.self) }.joined(separator: "-")
  }

  private static func swapped(_ bytes: [UInt8]) -> [UInt8] {
    Array(bytes[0..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8..<16])
  }
}
