import CVMCore

extension TenantOverview: Renderable {
  static let columns: [Column<TenantOverview>] = [
    Column("NAME") { $0.name },
    Column("STATE") { $0.state },
    Column("GUESTS") { String($0.guests) },
    Column("KEYS") { String($0.keys) },
    Column("LAUNCHES") { String($0.launches) },
    Column("LABELS") { tenant in
      tenant.labels.isEmpty
        ? "-" : tenant.labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    },
    Column("CREATED", wide: true) { $0.createdAt },
    Column("KEYS HELD BY", wide: true) { $0.keysHeldBy },
    Column("ESCROW", wide: true) { $0.escrow.isEmpty ? "-" : String($0.escrow.count) },
  ]

  /// All of it, and who keeps a KEK.
  var details: [(key: String, value: String)] {
    Self.columns.map { ($0.title, $0.cell(self)) }
      + escrow.map { ("KEK \($0.version) (\($0.state))", "kept by \($0.keeper) since \($0.createdAt)") }
  }
}

extension KEKEscrow: Renderable {
  static let columns: [Column<KEKEscrow>] = [
    Column("HOLDER") { $0.holder },
    Column("KEK VERSION") { String($0.version) },
    Column("STATE") { $0.state },
    Column("SHARES") { escrow in
      guard let threshold = escrow.threshold, let shares = escrow.shares else { return "-" }
      return "\(threshold) of \(shares)"
    },
    Column("CREATED") { $0.createdAt },
  ]

  /// In words.
  fileprivate var keeper: String {
    guard let threshold, let shares else { return "recipient \(holder)" }
    return "the holders of \(threshold) of \(shares) shares, set \(holder)"
  }
}

extension TenantToken: Renderable {
  static let columns: [Column<TenantToken>] = [
    Column("ID") { $0.id },
    Column("TENANT") { $0.tenant },
    Column("CREATED") { $0.createdAt },
  ]
}
