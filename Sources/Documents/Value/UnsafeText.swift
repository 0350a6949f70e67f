/// Characters that a terminal or a reader may take for something else than text.
enum UnsafeText {
  /// C0 and C1 controls and DEL; the line and paragraph separators; the byte order mark; and what changes the
  /// direction of text (UAX 9, section 2: the explicit formatting characters).
  static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
