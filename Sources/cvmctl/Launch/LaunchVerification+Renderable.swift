import CVMCore

extension LaunchVerification: Renderable {
  static let columns: [Column<LaunchVerification>] = [
    Column("Verdict") { $0.verdict.rawValue },
    Column("Guest") { $0.guest ?? "-" },
    Column("Expected digest") { $0.expectedDigest },
    Column("Expected measurement") { $0.expectedMeasurement },
    Column("Measurement") { $0.measurement },
    Column("Nonce") { $0.nonce },
    Column("VMSA generation") { $0.vmsaGeneration ?? "-" },
    Column("Policy") { $0.policy },
    Column("Simulated") { $0.simulated ? "yes" : "no" },
    Column("Reference value") { verification in
      guard let name = verification.referenceName else { return "-" }
      return "\(name)@\(verification.referenceVersion ?? 0)"
    },
    Column("Differences") { $0.differences.isEmpty ? "-" : $0.differences.joined(separator: "; ") },
  ]
}
