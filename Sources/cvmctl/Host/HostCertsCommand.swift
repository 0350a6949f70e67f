import ArgumentParser
import CVMCore

struct HostCertsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certs", abstract: "The platform's certificates: PDH, PEK, OCA, CEK, and AMD's ASK and ARK.",
    subcommands: [HostCertsExportCommand.self, HostCertsImportCommand.self, HostCertsVerifyCommand.self])
}

struct HostCertsExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "export",
    "Write PDH, PEK, OCA and CEK into one file; with imported certificates the signed CEK, and ASK and ARK into --ca."
  )

  @Argument(help: "The new file for PDH, PEK, OCA and CEK.") var file: String
  @Option(help: ArgumentHelp("The new file for ASK and ARK.", valueName: "file")) var ca: String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let exported = try global.core().exportCertificates(to: file, ca: ca)
    if !exported.cekSigned {
      global.note(
        "note: the CEK in \(file) is unsigned, as the firmware exports it; AMD's key server has the signed one"
      )
    }
    try global.show(.one(exported))
  }
}

struct HostCertsImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "import", "Take in the signed CEK and AMD's ASK and ARK for this host, once they verify.")

  @Option(
    help: ArgumentHelp("The signed CEK: 2084 bytes, or a chain PDH..CEK that ends in it.", valueName: "file"))
  var cek: String
  @Option(help: ArgumentHelp("ASK and ARK in one file.", valueName: "file")) var ca: String
  @Option(help: ArgumentHelp("An own root instead of AMD's.", valueName: "file")) var trustRoot: String?
  @Flag(help: "Accept a simulated host's certificates.") var allowSimulated = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let verification = try global.core().importCertificates(
      cek: cek, ca: ca, trustRoot: trustRoot, allowsSimulated: allowSimulated)
    try global.show(verification)
  }
}

struct HostCertsVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "verify",
    "Verify PDH <- PEK <- OCA and CEK <- ASK <- ARK, from files or of the host. Exit code 12 if refused.")

  @Option(help: ArgumentHelp("PDH, PEK, OCA and CEK in one file, as sevctl exports them.", valueName: "file"))
  var sev: String?
  @Option(help: ArgumentHelp("ASK and ARK in one file.", valueName: "file")) var ca: String?
  @Option(help: ArgumentHelp("An own root instead of AMD's.", valueName: "file")) var trustRoot: String?
  @Flag(help: "Accept a simulated root.") var allowSimulated = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (sev == nil) == (ca == nil) else { throw ValidationError("--sev and --ca go together") }
  }

  func run() throws {
    let verification =
      if let sev, let ca {
        try PlatformVerification.verify(
          sevFile: sev, caFile: ca, trustRoot: trustRoot,
          allowsSimulated: try allowSimulated || global.settings().allowsSimulated)
      } else {
        try global.core().verifyHostCertificates(trustRoot: trustRoot, allowsSimulated: allowSimulated)
      }
    try global.show(verification)
  }
}

extension GlobalOptions {
  /// The checks of a chain; a refused one ends in exit code 12.
  func show(_ verification: PlatformVerification) throws {
    let output = try settings().output
    switch output {
    case .json, .yaml: try Terminal.out(try output.text(of: .one(verification)))
    case .table, .wide: try Terminal.out(try output.text(of: .list(verification.checks)))
    case .name: try Terminal.out((verification.accepted ? "accepted" : "refused") + "\n")
    }
    if let refusal = verification.refusal { throw refusal }
  }
}
