import CVMCore
import SEV

/// A policy as commands show it.
struct PolicyView: Renderable {
  let name: String
  let version: Int
  let type: LaunchType
  let value: String
  let bits: [String]
  let allowsDebug: Bool
  let allowsKeySharing: Bool
  let note: String
  let builtIn: Bool
  let createdAt: String?
  let simulated = false

  init(_ policy: LaunchPolicy) {
    name = policy.name
    version = policy.version
    type = policy.value.type
    value = policy.value.text
    bits = policy.value.facts.filter(\.isSet).map(\.name)
    allowsDebug = policy.value.allowsDebug
    allowsKeySharing = policy.value.allowsKeySharing
    note = policy.note
    builtIn = policy.isBuiltIn
    createdAt = policy.createdAt
  }

  static let columns: [Column<PolicyView>] = [
    Column("NAME") { $0.name },
    Column("TYPE") { $0.type.rawValue },
    Column("VERSION") { $0.builtIn ? "built-in" : $0.version == 0 ? "-" : String($0.version) },
    Column("VALUE") { $0.value },
    Column("BITS") { $0.bits.isEmpty ? "-" : $0.bits.joined(separator: ",") },
    Column("NOTE", wide: true) { $0.note.isEmpty ? "-" : $0.note },
    Column("CREATED", wide: true) { $0.createdAt ?? "-" },
  ]
}

extension GlobalOptions {
  /// What became of a policy.
  func show(changed policy: LaunchPolicy, _ past: String) throws {
    let output = try settings().output
    switch output {
    case .json, .yaml, .name: try Terminal.out(try output.text(of: .one(PolicyView(policy))))
    case .table, .wide:
      guard !quiet else { return }
      try Terminal.out(
        "Policy '\(TerminalSafe.escape(policy.name))' (\(policy.value.type.rawValue), \(policy.value.text)) \(past)\n"
      )
    }
  }
}
