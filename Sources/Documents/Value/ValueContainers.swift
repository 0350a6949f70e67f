/// `Encoder` over one slot of the tree.
struct ValueSlotEncoder: Encoder {
  let slot: ValueSlot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.becomeObject(keyType: ObjectIdentifier(Key.self))
    return KeyedEncodingContainer(KeyedSlots(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.becomeArray()
    return UnkeyedSlots(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleSlot(slot: slot, codingPath: codingPath)
  }
}

/// What needs no container of its own.
private func scalar(_ value: some Encodable) -> Value? {
  if let text = exactly(String.self, value) { return .string(text) }
  if let value = exactly(Bool.self, value) { return .bool(value) }
  return exactly(Value.self, value)
}

private struct KeyedSlots<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: ValueSlot
  let codingPath: [any CodingKey]

  mutating func encodeNil(forKey key: Key) { slot.set(.null, for: key.stringValue) }
  mutating func encode(_ value: Bool, forKey key: Key) { slot.set(.bool(value), for: key.stringValue) }
  mutating func encode(_ value: String, forKey key: Key) { slot.set(.string(value), for: key.stringValue) }
  mutating func encode(_ value: Double, forKey key: Key) { slot.set(.number(value), for: key.stringValue) }
  mutating func encode(_ value: Float, forKey key: Key) { encode(Double(value), forKey: key) }
  mutating func encode(_ value: Int, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: Int8, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: Int16, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: Int32, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: Int64, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: UInt, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: UInt8, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: UInt16, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: UInt32, forKey key: Key) { set(value, key) }
  mutating func encode(_ value: UInt64, forKey key: Key) { set(value, key) }

  mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    if let scalar = scalar(value) { return slot.set(scalar, for: key.stringValue) }
    try slot.member(key.stringValue).encode(value, path: codingPath + [key])
  }

  // A missing value is null and keeps its key: whoever reads the output finds every key that is documented.
  mutating func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try encodeOrNull(value, key) }
  mutating func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
    try encodeOrNull(value, key)
  }

  private mutating func encodeOrNull<T: Encodable>(_ value: T?, _ key: Key) throws {
    guard let value else { return encodeNil(forKey: key) }
    try encode(value, forKey: key)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    nested(key).container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    nested(key).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { nested(ValueKey("super")) }
  mutating func superEncoder(forKey key: Key) -> any Encoder { nested(key) }

  private func set(_ value: some FixedWidthInteger, _ key: Key) {
    slot.set(Value(value), for: key.stringValue)
  }

  private func nested(_ key: any CodingKey) -> ValueSlotEncoder {
    ValueSlotEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
  }
}

private struct UnkeyedSlots: UnkeyedEncodingContainer {
  let slot: ValueSlot
  let codingPath: [any CodingKey]
  var count: Int { slot.count }

  mutating func encodeNil() { slot.append(.null) }

  mutating func encode<T: Encodable>(_ value: T) throws {
    if let scalar = scalar(value) { return slot.append(scalar) }
    let path = codingPath + [ValueKey(String(count))]
    try slot.appended().encode(value, path: path)
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    nested().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
  mutating func superEncoder() -> any Encoder { nested() }

  private func nested() -> ValueSlotEncoder {
    ValueSlotEncoder(slot: slot.appended(), codingPath: codingPath + [ValueKey(String(count))])
  }
}

private struct SingleSlot: SingleValueEncodingContainer {
  let slot: ValueSlot
  let codingPath: [any CodingKey]

  mutating func encodeNil() { slot.set(.null) }
  mutating func encode(_ value: Bool) { slot.set(.bool(value)) }
  mutating func encode(_ value: String) { slot.set(.string(value)) }
  mutating func encode(_ value: Double) { slot.set(.number(value)) }
  mutating func encode(_ value: Float) { slot.set(.number(Double(value))) }
  mutating func encode(_ value: Int) { slot.set(Value(value)) }
  mutating func encode(_ value: Int8) { slot.set(Value(value)) }
  mutating func encode(_ value: Int16) { slot.set(Value(value)) }
  mutating func encode(_ value: Int32) { slot.set(Value(value)) }
  mutating func encode(_ value: Int64) { slot.set(Value(value)) }
  mutating func encode(_ value: UInt) { slot.set(Value(value)) }
  mutating func encode(_ value: UInt8) { slot.set(Value(value)) }
  mutating func encode(_ value: UInt16) { slot.set(Value(value)) }
  mutating func encode(_ value: UInt32) { slot.set(Value(value)) }
  mutating func encode(_ value: UInt64) { slot.set(Value(value)) }
  mutating func encode<T: Encodable>(_ value: T) throws { try slot.encode(value, path: codingPath) }
}
