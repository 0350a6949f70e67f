/// Turns any `Encodable` into a `Value`: keys in the order in which the type encodes them, nil as null, a
/// `Dictionary`'s keys sorted (its own order changes from run to run).
package enum ValueEncoder {
  package static func encode(_ value: some Encodable) throws(DocumentError) -> Value {
    let slot = ValueSlot()
    do { try slot.encode(value, path: []) } catch let error as DocumentError { throw error } catch {
      throw DocumentError(.unencodable, "the value cannot be encoded")
    }
    return slot.value
  }
}

extension Value: Encodable {
  /// `ValueEncoder` takes a `Value` as it is; any other encoder gets its parts.
  package func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: ValueKey.self)
      for member in members { try container.encode(member.value, forKey: ValueKey(member.key)) }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    default:
      var container = encoder.singleValueContainer()
      try encodeScalar(to: &container)
    }
  }

  private func encodeScalar(to container: inout any SingleValueEncodingContainer) throws {
    switch self {
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .unsigned(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    default: try container.encodeNil()
    }
  }
}

/// Any key.
struct ValueKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ text: String) { stringValue = text }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { self.init(String(intValue)) }
}

/// A place in the tree that is being filled: the containers that a type holds at once all write to the same
/// tree.
final class ValueSlot {
  private enum Kind { case scalar, array, object }

  /// A part that is complete, or one that a container still fills.
  private enum Part {
    case value(Value)
    case slot(ValueSlot)

    var value: Value {
      switch self {
      case .value(let value): value
      case .slot(let slot): slot.value
      }
    }
  }

  private var kind = Kind.scalar
  private var scalar = Value.null
  private var parts: [Part] = []
  /// Of `parts`, in an object.
  private var keys: [String] = []
  private var seen = KeySet()
  private var keyType: ObjectIdentifier?

  var value: Value {
    switch kind {
    case .scalar: return scalar
    case .array: return .array(parts.map(\.value))
    case .object:
      var members = parts.indices.map { Value.Member(keys[$0], parts[$0].value) }
      if keyType == Self.dictionaryKey { members.sort { $0.key < $1.key } }
      return .object(members)
    }
  }

  /// The standard library encodes a `Dictionary` of text or integer keys with a key type of its own.
  private static let dictionaryKey: ObjectIdentifier? = {
    let slot = ValueSlot()
    try? ["": 0].encode(to: ValueSlotEncoder(slot: slot, codingPath: []))
    return slot.keyType
  }()

  func set(_ value: Value) {
    kind = .scalar
    scalar = value
  }

  func encode(_ value: some Encodable, path: [any CodingKey]) throws {
    if let value = exactly(Value.self, value) { return set(value) }
    try value.encode(to: ValueSlotEncoder(slot: self, codingPath: path))
  }

  func becomeArray() { kind = .array }

  func becomeObject(keyType: ObjectIdentifier) {
    kind = .object
    self.keyType = keyType
    keys.reserveCapacity(16)
    parts.reserveCapacity(16)
  }

  var count: Int { parts.count }

  func append(_ value: Value) { parts.append(.value(value)) }

  func appended() -> ValueSlot {
    let slot = ValueSlot()
    parts.append(.slot(slot))
    return slot
  }

  func set(_ value: Value, for key: String) { set(.value(value), for: key) }

  func member(_ key: String) -> ValueSlot {
    if let index = index(of: key), case .slot(let slot) = parts[index] { return slot }
    let slot = ValueSlot()
    set(.slot(slot), for: key)
    return slot
  }

  /// A key that is encoded again keeps its first place.
  private func set(_ part: Part, for key: String) {
    if let index = index(of: key) {
      parts[index] = part
    } else {
      seen.insert(key)
      keys.append(key)
      parts.append(part)
    }
  }

  private func index(of key: String) -> Int? { seen.mayHold(key) ? keys.firstIndex(of: key) : nil }
}

/// Which keys an object cannot have yet, told by their ends and length: most keys are new, and need not be compared
/// with all others.
private struct KeySet {
  private var bits: UInt64 = 0

  mutating func insert(_ key: String) { bits |= Self.bit(key) }
  func mayHold(_ key: String) -> Bool { bits & Self.bit(key) != 0 }

  private static func bit(_ key: String) -> UInt64 {
    let text = key.utf8
    guard let first = text.first, let last = text.last else { return 1 }
    return 1 << ((UInt64(first) &* 31 &+ UInt64(last) &* 7 &+ UInt64(text.count)) % 64)
  }
}

/// The value where it is of just this type: a comparison, where `as?` would be a search.
func exactly<Wanted, Found>(_ type: Wanted.Type, _ value: Found) -> Wanted? {
  Found.self == Wanted.self ? value as? Wanted : nil
}
