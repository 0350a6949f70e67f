import Bytes

/// A guest's UUID, kept as lower-case text with hyphens, as libvirt prints it.
package struct GuestUUID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
  package let rawValue: String

  /// Nil unless 32 hexadecimal digits, with or without the hyphens of 8-4-4-4-12.
  package init?(rawValue: String) {
    if Self.isKeptForm(rawValue) {
      self.init(kept: rawValue)
      return
    }
    let groups = rawValue.split(separator: "-", omittingEmptySubsequences: false)
    let widths = groups.map(\.utf8.count)
    guard widths == [8, 4, 4, 4, 12] || widths == [32], let bytes = Hex.decode(groups.joined()) else {
      return nil
    }
    self.init(bytes: bytes)
  }

  /// Whether the text is just as it is kept, as all from the store are: a listing has as many as there are guests.
  private static func isKeptForm(_ text: String) -> Bool {
    guard text.utf8.count == 36 else { return false }
    for (index, byte) in text.utf8.enumerated() {
      switch index {
      case 8, 13, 18, 23: guard byte == UInt8(ascii: "-") else { return false }
      default:
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): break
        default: return false
        }
      }
    }
    return true
  }

  /// From 16 bytes in RFC 4122 order; the caller gives random ones for a new guest.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
      text.append(Self.digit(byte >> 4))
      text.append(Self.digit(byte & 15))
    }
    self.init(kept: String(decoding: text, as: UTF8.self))
  }

  private init(kept: String) { rawValue = kept }

  private static func digit(_ value: UInt8) -> UInt8 {
    value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
  }

  /// A version 4 UUID of 16 random bytes.
  package static func random(from bytes: [UInt8]) -> GuestUUID? {
    guard bytes.count == 16 else { return nil }
    var bytes = bytes
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    return GuestUUID(bytes: bytes)
  }

  package var description: String { rawValue }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let uuid = GuestUUID(rawValue: text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a UUID"))
    }
    self = uuid
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
