/// Turns any `Encodable` into a `Value`: keys in the order in which the type encodes them, nil as null where
/// the type encodes it, a `Dictionary`'s keys sorted (its own order changes from run to run).
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
  private enum Content {
    case scalar(Value)
    case array([ValueSlot])
    case object([(key: String, slot: ValueSlot)], sorted: Bool)
  }

  private var content = Content.scalar(.null)

  var value: Value {
    switch content {
    case .scalar(let value): return value
    case .array(let slots): return .array(slots.map(\.value))
    case .object(var members, let sorted):
      if sorted { members.sort { $0.key < $1.key } }
      return .object(members.map { Value.Member($0.key, $0.slot.value) })
    }
  }

  func set(_ value: Value) { content = .scalar(value) }

  func encode(_ value: some Encodable, path: [any CodingKey]) throws {
    if let value = value as? Value { return set(value) }
    try value.encode(to: ValueSlotEncoder(slot: self, codingPath: path))
  }

  func becomeArray() { if case .array = content {} else { content = .array([]) } }

  func becomeObject(sorted: Bool) {
    if case .object = content {} else { content = .object([], sorted: sorted) }
  }

  var count: Int { if case .array(let slots) = content { slots.count } else { 0 } }

  func appended() -> ValueSlot {
    let slot = ValueSlot()
    guard case .array(var slots) = content else { return slot }
    content = .scalar(.null)  // gives up the other reference: the array grows in place
    slots.append(slot)
    content = .array(slots)
    return slot
  }

  /// The member of that key, which keeps its first place if it is encoded again.
  func member(_ key: String) -> ValueSlot {
    guard case .object(var members, let sorted) = content else { return ValueSlot() }
    if !sorted, let found = members.first(where: { $0.key == key }) { return found.slot }
    let slot = ValueSlot()
    content = .scalar(.null)
    members.append((key, slot))
    content = .object(members, sorted: sorted)
    return slot
  }
}
