import CVMCore
import Vault

extension KeyInfo: Renderable {
  static let columns: [Column<KeyInfo>] = [
    Column("NAME") { $0.name },
    Column("PURPOSE") { $0.purpose },
    Column("STATE") { $0.state.rawValue },
    Column("VERSION") { String($0.version) },
    Column("USES") { String($0.uses) },
    Column("DUE") { $0.due ? "yes" : "-" },
    Column("TENANT", wide: true) { $0.tenant },
    Column("ALGORITHM", wide: true) { $0.algorithm },
    Column("WRAPPING", wide: true) { $0.wrapping ?? "-" },
    Column("VERSIONS", wide: true) { String($0.versions) },
    Column("NEXT ROTATION", wide: true) { $0.nextRotation ?? "-" },
    Column("MAX USES", wide: true) { $0.maxUses.map { String($0) } ?? "-" },
    Column("CREATED", wide: true) { $0.createdAt },
  ]
}

extension KeyDetails.KeyVersion: Renderable {
  static let columns: [Column<KeyDetails.KeyVersion>] = [
    Column("VERSION") { String($0.version) },
    Column("STATE") { $0.state.rawValue },
    Column("REASON") { $0.reason ?? "-" },
    Column("USES") { String($0.uses) },
    Column("CREATED") { $0.createdAt },
    Column("CHANGED") { $0.changedAt ?? "-" },
    Column("ACTIVE FROM", wide: true) { $0.activeFrom ?? "-" },
  ]
}

extension KeyDetails: Renderable {
  static let columns: [Column<KeyDetails>] = [Column("NAME") { $0.key.name }]

  /// As text: the key, a table of its versions, then where it is used.
  func text(_ output: OutputFormat) throws -> String {
    switch output {
    case .json, .yaml, .name: return try output.text(of: .one(self))
    case .table, .wide:
      let guests = guests.map { "used by guest '\($0.guest)' at \($0.uri), secret '\($0.secret)'" }
      let launches = launches.map {
        "given to launch \($0.launch) of guest '\($0.guest)', version \($0.version), \($0.usedAt)"
      }
      let uses = (guests + launches).map { TerminalSafe.escape($0) + "\n" }.joined()
      let publicKey = history.last?.publicKey.map { "public key of version \(key.version): \($0)\n" } ?? ""
      return try OutputFormat.wide.text(of: .one(key)) + "\n" + output.text(of: .list(history))
        + (publicKey.isEmpty ? "" : "\n" + publicKey) + (uses.isEmpty ? "" : "\n" + uses)
    }
  }
}

extension KEKRotation: Renderable {
  static let columns: [Column<KEKRotation>] = [
    Column("TENANT") { $0.tenant },
    Column("KEK VERSION") { String($0.version) },
    Column("WRAPPING") { $0.wrapping },
    Column("RESUMED") { $0.resumed ? "yes" : "no" },
    Column("REWRAPPED") { String($0.rewrapped) },
    Column("DESTROYED") {
      $0.destroyed.isEmpty ? "-" : $0.destroyed.map { String($0) }.joined(separator: ",")
    },
  ]
}

extension GlobalOptions {
  /// What became of a key.
  func show(changed key: KeyInfo, _ past: String) throws {
    let output = try settings().output
    switch output {
    case .json, .yaml, .name: try Terminal.out(try output.text(of: .one(key)))
    case .table, .wide:
      guard !quiet else { return }
      try Terminal.out(
        "Key '\(TerminalSafe.escape(key.name))' (\(key.algorithm), \(key.state.rawValue)) \(past)\n")
    }
  }
}
