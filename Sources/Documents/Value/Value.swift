/// A document's value, as JSON and YAML carry it. Objects keep the order of their members.
package enum Value: Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// Only for what `integer` cannot hold: above `Int64.max`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([Value])
  case object([Member])

  package struct Member: Sendable {
    package var key: String
    package var value: Value

    package init(_ key: String, _ value: Value) {
      self.key = key
      self.value = value
    }
  }

  /// The one form that an integer has.
  package init(_ integer: some FixedWidthInteger) {
    if let signed = Int64(exactly: integer) {
      self = .integer(signed)
    } else if let unsigned = UInt64(exactly: integer) {
      self = .unsigned(unsigned)
    } else {
      self = .number(Double(integer))
    }
  }

  /// An object of the given members, in the given order.
  package static func members(_ members: KeyValuePairs<String, Value>) -> Value {
    .object(members.map { Member($0.key, $0.value) })
  }
}

extension Value {
  /// An object's member; nil in anything else.
  package subscript(key: String) -> Value? { members?.first { $0.key == key }?.value }

  package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
  package var elements: [Value]? { if case .array(let elements) = self { elements } else { nil } }
  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var boolean: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The integer as any type that can hold it, nil otherwise; a `number` is no integer.
  package func integer<T: FixedWidthInteger>(_: T.Type = T.self) -> T? {
    switch self {
    case .integer(let value): T(exactly: value)
    case .unsigned(let value): T(exactly: value)
    default: nil
    }
  }
}

extension Value: Equatable {
  /// Equal in kind, order and bytes: `integer(1)` is not `number(1)`.
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.unsigned(let left), .unsigned(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): sameText(left, right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }
}

extension Value.Member: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    sameText(left.key, right.key) && left.value == right.value
  }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: Value...) { self = .array(elements) }
  package init(dictionaryLiteral members: (String, Value)...) {
    self = .object(members.map { Member($0.0, $0.1) })
  }
}
