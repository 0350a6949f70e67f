import CVMCore

extension GuestOverview: Renderable {
  static let columns: [Column<GuestOverview>] = [
    Column("NAME") { $0.name },
    Column("ID") { $0.id.map(String.init) ?? "-" },
    Column("STATE") { $0.state },
    Column("TYPE") { $0.typeText },
    Column("UUID", wide: true) { $0.uuid.rawValue },
    Column("TENANT", wide: true) { $0.tenant },
    Column("POLICY", wide: true) { $0.policyText },
    Column("EXPOSED BY", wide: true) { $0.exposure },
    Column("LABELS", wide: true) { guest in
      guest.labels.isEmpty
        ? "-" : guest.labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ",")
    },
    Column("SIMULATED", wide: true) { $0.simulated ? "simulated" : "-" },
  ]
}

extension GuestOverview {
  /// `sev-es`, with a word where nothing protects the guest or where the protection is only simulated.
  var typeText: String {
    guard let type else { return confidential ? "unknown" : "not confidential" }
    return simulated ? "\(type.rawValue) (simulated)" : type.rawValue
  }

  fileprivate var policyText: String {
    guard let policy else { return "-" }
    return policyName.map { "\(policy) (\($0))" } ?? policy
  }

  /// What the policy leaves open to the host.
  fileprivate var exposure: String {
    let open = (allowsDebug ? ["debug"] : []) + (allowsKeySharing ? ["key-sharing"] : [])
    return open.isEmpty ? "-" : open.joined(separator: ",")
  }
}
