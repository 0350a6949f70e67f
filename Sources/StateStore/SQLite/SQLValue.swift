/// A value that goes into a statement: what SQLite's strict tables hold.
package enum SQLValue: Equatable, Sendable {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])

  package static func integer(_ value: Int) -> SQLValue { .integer(Int64(value)) }
  package static func bool(_ value: Bool) -> SQLValue { .integer(value ? 1 as Int64 : 0) }
  package static func text(_ value: String?) -> SQLValue {
    value.map { SQLValue.text($0 as String) } ?? .null
  }
  package static func blob(_ value: [UInt8]?) -> SQLValue {
    value.map { SQLValue.blob($0 as [UInt8]) } ?? .null
  }
  package static func integer(_ value: Int64?) -> SQLValue {
    value.map { SQLValue.integer($0 as Int64) } ?? .null
  }

  /// 64 bits as they are; `Row.bits` reads them back.
  package static func bits(_ value: UInt64) -> SQLValue { .integer(Int64(bitPattern: value)) }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  package init(stringLiteral value: String) { self = .text(value as String) }
  package init(integerLiteral value: Int64) { self = .integer(value as Int64) }
}
