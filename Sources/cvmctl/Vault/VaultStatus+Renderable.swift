import CVMCore

extension VaultStatus: Renderable {
  static let columns: [Column<VaultStatus>] = [
    Column("SEAL") { $0.seal },
    Column("STATE") { $0.state.rawValue },
    Column("PARAMETERS") { $0.parameters ?? "-" },
    Column("PROTECTION") { $0.protects },
    Column("AGENT") { status in
      guard let pid = status.agentPid else { return "-" }
      return
        "process \(pid), ends after \(status.agentIdle ?? 0) s without use (\(status.agentIdleLeft ?? 0) s left)"
    },
    Column("ROLLBACK") { $0.rollback },
    Column("TENANT KEYS") { String($0.tenantKeys) },
    Column("AUDIT KEY") { $0.auditKey ? "yes" : "no" },
  ]
}
