import CVMCore

extension SessionDescription: Renderable {
  static let columns: [Column<SessionDescription>] = [
    Column("Prefix") { $0.prefix },
    Column("Policy") { $0.policy ?? "-" },
    Column("Platform verified") { $0.platformVerified ? "yes" : "no" },
    Column("Simulated") { $0.simulated ? "yes" : "no" },
    Column("Owner certificate") { $0.ownerCertificateDigest },
    Column("Session") { $0.sessionDigest },
    Column("Nonce") { $0.nonce },
  ]
}
