/// Base64 as QEMU reads it (GLib's decoder): foreign characters are skipped, whatever is left of an unfinished group of
/// four is dropped. A session file with line ends is one that QEMU takes.
enum LenientBase64 {
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var group: UInt32 = 0
    var count = 0
    var padding = 0
    for character in text {
      guard let sextet = sextet(character) else { continue }
      padding = character == equals ? padding + 1 : 0
      group = group << 6 | sextet
      count += 1
      guard count == 4 else { continue }
      let whole = [16, 8, 0].map { UInt8(truncatingIfNeeded: group >> UInt32($0)) }
      bytes += whole.prefix(3 - min(padding, 2))
      (group, count, padding) = (0, 0, 0)
    }
    return bytes
  }

  private static let equals = UInt8(ascii: "=")

  /// Padding counts as a zero sextet.
  private static func sextet(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    case equals: 0
    default: nil
    }
  }
}
