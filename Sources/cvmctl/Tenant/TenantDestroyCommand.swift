import ArgumentParser
import CVMCore

struct TenantDestroyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "destroy", "Erase every key of a tenant, for good, and print the certificate of destruction.")

  @Argument(help: "The tenant's name.") var name: String
  @Flag(help: "Erase its keys: nothing that they have sealed can be opened again. Required.")
  var cryptoErase = false
  @Option(help: ArgumentHelp("Write the signed certificate to this new file, too.", valueName: "file"))
  var out: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if !cryptoErase { throw ValidationError("say what is to be destroyed: --crypto-erase") }
  }

  func run() throws {
    if let out { try OutputFile.requireAbsent(out) }
    let core = try global.core()
    let tenant = try core.tenantOverview(name)  // who asks for nothing is not asked back
    try global.confirm("Erase all keys of tenant '\(tenant.name)', for good?")
    let certificate = try core.destroyTenant(name)
    if let out, let note = certificate.note {
      try OutputFile.create(out, Array(note.utf8), mode: 0o644)
    }
    let output = try global.settings().output
    // A certificate is a document: for people too it is JSON.
    try Terminal.out(try (output == .yaml ? .yaml : OutputFormat.json).text(of: .one(certificate)))
  }
}

extension DestructionCertificate: Renderable {
  static let columns: [Column<DestructionCertificate>] = [
    Column("TENANT") { $0.tenant },
    Column("DESTROYED") { $0.destroyedAt },
    Column("KEYS") { String($0.keys) },
    Column("LAUNCH KEYS") { String($0.launchKeys) },
    Column("DIGEST") { $0.envelopesDigest },
  ]
}
