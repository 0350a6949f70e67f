import CVMCore

extension GuestDetails: Renderable {
  static let columns: [Column<GuestDetails>] = [
    Column("Name") { $0.name },
    Column("Id") { $0.id.map(String.init) ?? "-" },
    Column("UUID") { $0.uuid.rawValue },
    Column("OS Type") { $0.osType },
    Column("State") { $0.state },
    Column("CPU(s)") { String($0.vcpus) },
    Column("CPU time") { Seconds.text($0.cpuSeconds, digits: 1) + "s" },
    Column("Max memory") { "\($0.maxMemory / 1024) KiB" },
    Column("Used memory") { "\($0.usedMemory / 1024) KiB" },
    Column("Persistent") { $0.persistent ? "yes" : "no" },
    Column("Autostart") { $0.autostart ? "enable" : "disable" },
    Column("Managed save") { $0.managedSave ? "yes" : "no" },
    Column("Tenant") { $0.tenant },
    Column("Launch security") { $0.type.map { $0.rawValue } ?? "none (not confidential)" },
    Column("Policy") { $0.policy ?? "-" },
    Column("Simulated") { $0.simulated ? "yes" : "no" },
  ]
}

extension LaunchSecurityDetails: Renderable {
  /// virsh's own keys, as `virsh domlaunchsecinfo` prints them.
  static let columns: [Column<LaunchSecurityDetails>] = [
    Column("sev-measurement") { $0.measurement ?? "-" }
  ]

  var details: [(key: String, value: String)] {
    var rows: [(key: String, value: String)] = []
    if let measurement { rows.append(("sev-measurement", measurement)) }
    rows.append(("sev-api-major", String(apiMajor)))
    rows.append(("sev-api-minor", String(apiMinor)))
    rows.append(("sev-build-id", String(buildId)))
    if let policyNumber { rows.append((isSNP ? "sev-snp-policy" : "sev-policy", String(policyNumber))) }
    if simulated { rows.append(("simulated", "yes")) }
    return rows
  }
}
