/// JSON's tokens over bytes that are known to be UTF-8.
struct JSONScanner {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The byte that comes, nil at the end.
  var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func advance() { if offset < bytes.count { offset += 1 } }

  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    offset += 1
    return true
  }

  mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  func error(_ kind: DocumentError.Kind, _ reason: String) -> DocumentError {
    DocumentError(kind, in: bytes, at: offset, reason)
  }

  mutating func scalar() throws(DocumentError) -> Value {
    guard let next else { throw error(.syntax, "the document ends too early") }
    switch next {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw error(.syntax, "a value expected")
    }
  }

  private mutating func word(_ word: String, _ value: Value) throws(DocumentError) -> Value {
    let start = self
    for byte in word.utf8 {
      guard take(byte) else { throw start.error(.syntax, "a value expected") }
    }
    return value
  }
}

extension JSONScanner {
  /// `-`? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  private mutating func number() throws(DocumentError) -> Value {
    let start = self
    var isInteger = true
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try digits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    let text = String(decoding: bytes[start.offset..<offset], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    if isInteger, let value = UInt64(text) { return .unsigned(value) }
    guard let value = Double(text), value.isFinite else {
      throw start.error(.number, "a number beyond what 64 bits hold")
    }
    return .number(value)
  }

  private mutating func digits() throws(DocumentError) {
    let start = offset
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    guard offset > start else { throw error(.syntax, "a digit expected") }
  }

  /// A string with its quotes.
  mutating func string() throws(DocumentError) -> String {
    let start = self
    advance()
    var text: [UInt8] = []
    while let byte = next {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20:
        offset -= 1
        throw error(.syntax, "a control character in a string")
      default: text.append(byte)
      }
    }
    throw start.error(.syntax, "the string does not end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(DocumentError) {
    guard let byte = next else { return }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try scalarEscape()).utf8)
    default:
      offset -= 1
      throw error(.syntax, "an unknown escape")
    }
  }

  /// `\uXXXX`, or two of them for a scalar beyond the basic plane (RFC 8259, section 7).
  private mutating func scalarEscape() throws(DocumentError) -> Character {
    let start = self
    let first = try codeUnit()
    if let scalar = Unicode.Scalar(first) { return Character(scalar) }
    guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw start.error(.encoding, "half of a surrogate pair")
    }
    let second = try codeUnit()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x1_0000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    else { throw start.error(.encoding, "half of a surrogate pair") }
    return Character(scalar)
  }

  private mutating func codeUnit() throws(DocumentError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error(.syntax, "four hexadecimal digits expected")
      }
      offset += 1
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
