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
  ]
}

extension TenantToken: Renderable {
  static let columns: [Column<TenantToken>] = [
    Column("ID") { $0.id },
    Column("TENANT") { $0.tenant },
    Column("CREATED") { $0.createdAt },
  ]
}
