import Documents

/// The value of a QEMU option: `type,key=value,…`, where a comma inside a value is written twice, or a JSON object.
/// Parts that are not changed keep their spelling.
struct OptionText: Equatable {
  private enum Form: Equatable {
    case pairs([Pair])
    case json(JSONObject)
  }

  private struct Pair: Equatable {
    let key: String
    let value: String
    /// As it stood in the text, commas doubled.
    let spelled: String
  }

  private var form: Form

  /// `impliedKey` names a first part without `=`. Nil only for a text that begins as JSON and is none.
  init?(_ text: String, impliedKey: String) {
    if text.hasPrefix("{") {
      guard let object = JSONObject(parsing: Array(text.utf8)) else { return nil }
      form = .json(object)
    } else {
      form = .pairs(Self.pairs(of: text, impliedKey: impliedKey))
    }
  }

  var text: String {
    switch form {
    case .pairs(let pairs): pairs.map(\.spelled).joined(separator: ",")
    case .json(let object): object.text
    }
  }

  /// A member's value as text: JSON numbers and booleans as QEMU's key=value form spells them. The last one counts.
  subscript(_ key: String) -> String? {
    switch form {
    case .pairs(let pairs): pairs.last { $0.key == key }?.value
    case .json(let object): object.scalar(key)
    }
  }

  /// A nested object: a JSON member, or the keys `key.…`.
  func nested(_ key: String) -> OptionText? {
    switch form {
    case .json(let object): return object.object(key).map { OptionText(form: .json($0)) }
    case .pairs(let pairs):
      let prefix = key + "."
      let inner = pairs.filter { $0.key.hasPrefix(prefix) }.map { pair in
        Self.pair(String(pair.key.dropFirst(prefix.count)), pair.value)
      }
      return inner.isEmpty ? nil : OptionText(form: .pairs(inner))
    }
  }

  var keys: [String] {
    switch form {
    case .pairs(let pairs): pairs.map(\.key)
    case .json(let object): object.names
    }
  }

  mutating func remove(_ key: String) {
    switch form {
    case .pairs(let pairs): form = .pairs(pairs.filter { $0.key != key })
    case .json(var object):
      object[key] = nil
      form = .json(object)
    }
  }

  /// Puts one member in the place of all of this name.
  mutating func set(_ key: String, _ value: String) {
    switch form {
    case .pairs(var pairs):
      let position = pairs.firstIndex { $0.key == key } ?? pairs.endIndex
      pairs.removeAll { $0.key == key }
      pairs.insert(Self.pair(key, value), at: position)
      form = .pairs(pairs)
    case .json(var object):
      object[key] = .string(value)
      form = .json(object)
    }
  }

  mutating func set(_ key: String, _ value: Bool) {
    guard case .json(var object) = form else { return set(key, value ? "on" : "off") }
    object[key] = .bool(value)
    form = .json(object)
  }

  private init(form: Form) { self.form = form }

  init(pairs: [(String, String)]) { form = .pairs(pairs.map(Self.pair)) }

  private static func pair(_ key: String, _ value: String) -> Pair {
    let doubled = value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
    return Pair(key: key, value: value, spelled: "\(key)=\(doubled)")
  }

  private static func pairs(of text: String, impliedKey: String) -> [Pair] {
    var pairs: [Pair] = []
    for spelled in parts(of: text) {
      let plain = halved(spelled)
      if let equals = plain.firstIndex(of: "=") {
        let value = String(plain[plain.index(after: equals)...])
        pairs.append(Pair(key: String(plain[..<equals]), value: value, spelled: spelled))
      } else if pairs.isEmpty {
        pairs.append(Pair(key: impliedKey, value: plain, spelled: spelled))
      } else {
        pairs.append(switchPair(plain, spelled))
      }
    }
    return pairs
  }

  /// `server` means `server=on`, `nowait` means `wait=off`.
  private static func switchPair(_ word: String, _ spelled: String) -> Pair {
    word.hasPrefix("no") && word != "node"
      ? Pair(key: String(word.dropFirst(2)), value: "off", spelled: spelled)
      : Pair(key: word, value: "on", spelled: spelled)
  }

  /// Cuts at single commas; doubled ones stay.
  private static func parts(of text: String) -> [String] {
    var parts: [String] = []
    var part: [UInt8] = []
    let bytes = Array(text.utf8)
    var index = 0
    let comma = UInt8(ascii: ",")
    while index < bytes.count {
      if bytes[index] != comma {
        part.append(bytes[index])
      } else if index + 1 < bytes.count, bytes[index + 1] == comma {
        part += [comma, comma]
        index += 1
      } else {
        parts.append(String(decoding: part, as: UTF8.self))
        part = []
      }
      index += 1
    }
    if !part.isEmpty { parts.append(String(decoding: part, as: UTF8.self)) }
    return parts
  }

  private static func halved(_ spelled: String) -> String {
    var plain: [UInt8] = []
    var afterComma = false
    for byte in spelled.utf8 {
      if byte == UInt8(ascii: ","), afterComma {
        afterComma = false
      } else {
        plain.append(byte)
        afterComma = byte == UInt8(ascii: ",")
      }
    }
    return String(decoding: plain, as: UTF8.self)
  }
}
