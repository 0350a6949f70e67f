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
  private var keys: [String] = []
  private var parts: [Part] = []
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
    if let value = value as? Value { return set(value) }
    try value.encode(to: ValueSlotEncoder(slot: self, codingPath: path))
  }

  func becomeArray() { kind = .array }

  func becomeObject(keyType: ObjectIdentifier) {
    kind = .object
    self.keyType = keyType
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
    if let index = keys.firstIndex(of: key), case .slot(let slot) = parts[index] { return slot }
    let slot = ValueSlot()
    set(.slot(slot), for: key)
    return slot
  }

  /// A key that is encoded again keeps its first place.
  private func set(_ part: Part, for key: String) {
    if let index = keys.firstIndex(of: key) {
      parts[index] = part
    } else {
      keys.append(key)
      parts.append(part)
    }
  }
}
