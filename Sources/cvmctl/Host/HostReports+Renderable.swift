import CVMCore

extension HostCheckReport: Renderable {
  static let columns: [Column<HostCheckReport>] = [
    Column("Type") { $0.type.rawValue },
    Column("Ready") { $0.ready ? "yes" : "no" },
  ]
}

extension HostCheckReport.Check: Renderable {
  static let columns: [Column<HostCheckReport.Check>] = [
    Column("CHECK") { $0.id },
    Column("RESULT") { $0.result.rawValue },
    Column("FOUND") { $0.found },
    Column("FIX") { $0.fix ?? "-" },
  ]
}

extension HostInfo: Renderable {
  static let columns: [Column<HostInfo>] = [
    Column("Host") { $0.host },
    Column("URI") { $0.uri },
    Column("Simulated") { $0.simulated ? "yes: nothing here is AMD hardware" : "no" },
    Column("SEV") { $0.sev ? "yes" : "no" },
    Column("C-bit position") { $0.cbitPosition.map { String($0) } ?? "-" },
    Column("Reduced physical bits") { $0.reducedPhysicalBits.map { String($0) } ?? "-" },
    Column("SEV guests at once") { $0.maxGuests.map { $0 == 0 ? "not told" : String($0) } ?? "-" },
    Column("SEV-ES guests at once") { $0.maxEsGuests.map { $0 == 0 ? "not told" : String($0) } ?? "-" },
    Column("Platform id") { $0.platformId ?? "-" },
    Column("PDH") { $0.pdhDigest ?? "-" },
    Column("Certificates") { $0.certificates },
    Column("Product") { $0.product ?? "-" },
    Column("libvirt") { $0.libvirt ?? "-" },
    Column("Hypervisor") { $0.hypervisor ?? "-" },
  ]
}

extension PlatformVerification: Renderable {
  static let columns: [Column<PlatformVerification>] = [
    Column("Verdict") { $0.accepted ? "accepted" : "refused" },
    Column("Product") { $0.product ?? "-" },
    Column("Simulated") { $0.simulated ? "yes" : "no" },
  ]
}

extension PlatformVerification.Check: Renderable {
  static let columns: [Column<PlatformVerification.Check>] = [
    Column("CHECK") { $0.id },
    Column("RESULT") { $0.result },
    Column("REASON") { $0.reason ?? "-" },
  ]
}
