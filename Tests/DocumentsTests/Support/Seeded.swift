import Documents

/// SplitMix64: the same inputs in every run.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

  /// Text of awkward characters; `allowed` says which the format can carry.
  mutating func text(_ length: ClosedRange<Int>, allowed: (Unicode.Scalar) -> Bool = { _ in true }) -> String
  {
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: length, using: &self) {
      let scalar = pick(Self.scalars)
      if allowed(scalar) { text.append(scalar) }
    }
    return String(text)
  }

  private static let scalars: [Unicode.Scalar] =
    (0...0xFF).compactMap { Unicode.Scalar($0 as UInt32) }
    + "aaabcXYZ019  '\"<>&]]>:#-?!%@`{}[],|*\\/_~=.\n\r\té\u{301}€😀\u{2028}\u{202E}\u{FEFF}\u{FFFD}"
    .unicodeScalars

  /// One to four random edits: a byte changed, removed, inserted or doubled, or a piece cut out or copied
  /// elsewhere.
  mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(4) where !bytes.isEmpty {
      let place = below(bytes.count)
      let other = below(bytes.count)
      let piece = min(place, other)..<max(place, other)
      switch below(6) {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(UInt8(truncatingIfNeeded: next()), at: place)
      case 3: bytes.insert(pick(Self.telling), at: place)
      case 4: bytes.removeSubrange(piece)
      default:
        if bytes.count < 20_000 { bytes.insert(contentsOf: Array(bytes[piece]), at: below(bytes.count)) }
      }
    }
    return bytes
  }

  private static let telling =
    Array("<>&'\"=/![]{}:,-?#|*\\ \n\t0e.".utf8) + [0, 0x7F, 0x80, 0xC0, 0xED, 0xF4, 0xFF]

  mutating func value(depth: Int = 3, text: (inout Seeded) -> String) -> Value {
    switch below(depth > 0 ? 10 : 7) {
    case 0: return .null
    case 1: return .bool(below(2) == 0)
    case 2: return Value(Int64(truncatingIfNeeded: next()) >> Int64(below(64)))
    case 3: return Value(next())
    case 4: return .number(Double(below(2000) - 1000) / 8)
    case 5: return .number(finite())
    case 6: return .string(text(&self))
    case 7: return .array((0..<below(5)).map { _ in value(depth: depth - 1, text: text) })
    default:
      var keys: Set<String> = []
      return .object(
        (0..<below(5)).compactMap { _ in
          let key = text(&self)
          return keys.insert(key).inserted ? Value.Member(key, value(depth: depth - 1, text: text)) : nil
        })
    }
  }

  private mutating func finite() -> Double {
    let value = Double(bitPattern: next())
    return value.isFinite ? value : 0.5
  }
}

/// Reads that must be refused give their kind, those that are accepted nil.
func refusal<T>(_ body: () throws(DocumentError) -> T) -> DocumentError.Kind? {
  do {
    _ = try body()
    return nil
  } catch { return error.kind }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
