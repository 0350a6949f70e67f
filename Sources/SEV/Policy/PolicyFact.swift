/// What one bit of a guest policy says, for people who have to decide.
package struct PolicyFact: Equatable, Sendable {
  /// AMD's name, as in `NODBG`.
  package let name: String
  package let bit: Int
  package let isSet: Bool
  /// What the bit's value means, in plain English: one sentence without a full stop.
  package let meaning: String
  /// Whether the value, as it stands, lets someone besides the guest read the guest's memory or registers.
  package internal(set) var weakensConfidentiality: Bool
}

/// A row of a policy's bit table.
struct PolicyBit: Sendable {
  enum Weakening { case whenSet, whenClear, never }

  let name: String
  let bit: Int
  let whenSet: String
  let whenClear: String
  let weakens: Weakening

  func fact(in value: UInt64) -> PolicyFact {
    let isSet = value >> UInt64(bit) & 1 == 1
    return PolicyFact(
      name: name, bit: bit, isSet: isSet, meaning: isSet ? whenSet : whenClear,
      weakensConfidentiality: weakens == (isSet ? .whenSet : .whenClear))
  }
}
