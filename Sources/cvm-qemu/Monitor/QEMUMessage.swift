/// What a message of QEMU is. It is told from the first telling member of the outermost object, without reading on:
/// replies may have hundreds of kilobytes.
enum QEMUMessage: Equatable {
  case greeting
  case event
  case reply
  case unknown

  init(_ bytes: [UInt8]) {
    var scan = OutermostNames()
    for (index, byte) in bytes.enumerated() {
      guard let name = scan.step(byte, at: index), let kind = Self.telling(bytes[name]) else { continue }
      self = kind
      return
    }
    self = .unknown
  }

  private static func telling(_ name: ArraySlice<UInt8>) -> QEMUMessage? {
    switch String(decoding: name.prefix(8), as: UTF8.self) {
    case "return", "error": .reply
    case "event": .event
    case "QMP": .greeting
    default: nil
    }
  }
}

/// Finds the member names of the outermost object, byte by byte.
private struct OutermostNames {
  private var depth = 0
  private var isObject = false
  private var quoted = false
  private var escaped = false
  private var nameExpected = false
  private var nameStart: Int?

  /// The place of a name that ends with this byte.
  mutating func step(_ byte: UInt8, at index: Int) -> Range<Int>? {
    if quoted { return insideString(byte, at: index) }
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      if depth == 1 { isObject = byte == UInt8(ascii: "{") }
      nameExpected = depth == 1 && isObject
    case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
    case UInt8(ascii: ","): nameExpected = depth == 1 && isObject
    case UInt8(ascii: "\""):
      quoted = true
      nameStart = nameExpected ? index + 1 : nil
      nameExpected = false
    default: break
    }
    return nil
  }

  private mutating func insideString(_ byte: UInt8, at index: Int) -> Range<Int>? {
    if escaped {
      escaped = false
    } else if byte == UInt8(ascii: "\\") {
      escaped = true
    } else if byte == UInt8(ascii: "\"") {
      quoted = false
      return nameStart.map { $0..<index }
    }
    return nil
  }
}
