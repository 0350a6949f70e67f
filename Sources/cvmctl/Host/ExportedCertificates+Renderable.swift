import CVMCore

extension ExportedCertificates: Renderable {
  static let columns: [Column<ExportedCertificates>] = [
    Column("Certificates") { $0.sevFile },
    Column("ASK and ARK") { $0.caFile ?? "-" },
    Column("CEK") { $0.cekSigned ? "signed" : "unsigned" },
    Column("Simulated") { $0.simulated ? "yes" : "no" },
  ]
}
