import CVMCore

extension LaunchRecord: Renderable {
  static let columns: [Column<LaunchRecord>] = [
    Column("ID") { $0.id },
    Column("GUEST") { $0.guest },
    Column("STARTED") { $0.startedAt },
    Column("TYPE") { $0.simulated ? "\($0.type.rawValue) (simulated)" : $0.type.rawValue },
    Column("VERDICT") { $0.verdict.rawValue },
    Column("OUTCOME") { $0.outcome.rawValue },
    Column("TRUST", wide: true) { $0.trust.rawValue },
    Column("POLICY", wide: true) { $0.policy },
    Column("EXPOSED BY", wide: true) { record in
      let open = (record.allowsDebug ? ["debug"] : []) + (record.allowsKeySharing ? ["key-sharing"] : [])
      return open.isEmpty ? "-" : open.joined(separator: ",")
    },
    Column("MEASUREMENT", wide: true) { $0.measurement ?? "-" },
  ]

  var details: [(key: String, value: String)] {
    var rows: [(key: String, value: String)] = [
      ("Launch", id), ("Guest", guest), ("UUID", uuid.rawValue), ("Tenant", tenant), ("Host", host),
      ("Backend", backend.rawValue),
      ("Simulated", simulated ? "yes: proves nothing about real hardware" : "no"),
      ("Trust", trust == .local ? "local: this host measured itself" : "remote"), ("Type", type.rawValue),
      ("Policy", policyName.map { "\(policy) (\($0))" } ?? policy),
    ]
    if allowsDebug { rows.append(("Debugging", "ALLOWED: the host may read and write the guest's memory")) }
    if allowsKeySharing {
      rows.append(("Key sharing", "ALLOWED: the host may run its own code under the guest's key"))
    }
    if !attestable { rows.append(("Session", "NONE: the measurement proves nothing")) }
    rows += [
      ("Firmware API", apiVersion.map { "\($0) build \(buildId ?? 0)" } ?? "-"),
      ("Firmware", firmware ?? "-"),
      ("Kernel hashes", kernelHashes ? "yes" : "no"), ("vCPUs", String(vcpus)),
      ("Expected digest", expectedDigest ?? "-"), ("Expected measurement", expectedMeasurement ?? "-"),
      ("Measurement", measurement ?? "-"), ("Verdict", verdict.rawValue),
    ]
    if let vmsaGeneration { rows.append(("VMSA generation", vmsaGeneration)) }
    if let referenceName {
      rows.append(("Reference value", "\(referenceName)@\(referenceVersion ?? 0)"))
    }
    for difference in differences { rows.append(("Difference", difference)) }
    rows += [
      ("Secrets injected", String(secretsInjected)), ("Outcome", outcome.rawValue), ("Started", startedAt),
      ("Ended", endedAt ?? "-"),
    ]
    for step in steps {
      rows.append(
        (
          "Step \(step.name.rawValue)",
          "\(step.outcome.rawValue), \(Seconds.text(step.seconds * 1000, digits: 1)) ms"
        ))
    }
    return rows
  }
}
