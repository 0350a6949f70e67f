import CVMCore

extension IDBlockInfo: Renderable {
  static let columns: [Column<IDBlockInfo>] = [
    Column("ID block") { $0.idBlockFile },
    Column("ID authentication") { $0.idAuthFile },
    Column("Measurement") { $0.measurement },
    Column("Family id") { $0.familyId },
    Column("Image id") { $0.imageId },
    Column("Guest SVN") { String($0.guestSvn) },
    Column("Policy") { $0.policy },
    Column("ID key digest") { $0.idKeyDigest },
    Column("Author key digest") { $0.authorKeyDigest ?? "-" },
  ]
}

extension IDBlockVerification: Renderable {
  static let columns: [Column<IDBlockVerification>] = [
    Column("Verdict") { $0.accepted ? "accepted" : "refused" }
  ]
}

extension GlobalOptions {
  /// - Parameter libvirt: the element for libvirt alone.
  func show(_ info: IDBlockInfo, libvirt: Bool) throws {
    try show(warnings: info.warnings)
    if libvirt { try show(document: info.launchSecurity, as: info) } else { try show(.one(info)) }
  }

  /// Warnings for people; JSON and YAML carry them within.
  func show(warnings: [String]) throws {
    let output = try settings().output
    guard output != .json, output != .yaml else { return }
    for warning in warnings { note("warning: \(warning)") }
  }
}
