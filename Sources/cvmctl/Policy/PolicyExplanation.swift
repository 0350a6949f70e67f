import CVMCore
import SEV

/// A policy's bits with their meanings.
struct PolicyExplanation: Renderable {
  let policy: PolicyView
  let minimumApi: String
  let bits: [Bit]
  let warnings: [String]
  let simulated = false

  struct Bit: Renderable {
    let bit: Int
    let name: String
    let set: Bool
    let meaning: String

    static let columns: [Column<Bit>] = [
      Column("BIT") { String($0.bit) },
      Column("NAME") { $0.name },
      Column("SET") { $0.set ? "1" : "0" },
      Column("MEANING") { $0.meaning },
    ]
  }

  init(_ policy: LaunchPolicy) {
    self.policy = PolicyView(policy)
    let value = policy.value
    bits = value.facts.map { Bit(bit: $0.bit, name: $0.name, set: $0.isSet, meaning: $0.meaning) }
    minimumApi = value.minimumAPI
    warnings = value.warnings
  }

  static let columns: [Column<PolicyExplanation>] = [
    Column("POLICY") { $0.policy.value },
    Column("TYPE") { $0.policy.type.rawValue },
    Column("BITS") { $0.policy.bits.joined(separator: ",") },
  ]

  /// As text: a line on the whole, a table of the bits, then what to beware of.
  func text(_ output: OutputFormat) throws -> String {
    switch output {
    case .json, .yaml, .name: return try output.text(of: .one(self))
    case .table, .wide:
      let title = "\(policy.value)  \(policy.type.rawValue)  minimum firmware API: \(minimumApi)\n"
      let warnings = warnings.map { "warning: \($0)\n" }.joined()
      return title + (try output.text(of: .list(bits))) + warnings
    }
  }
}
