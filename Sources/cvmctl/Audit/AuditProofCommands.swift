import ArgumentParser
import CVMCore
import StateStore

struct AuditProveCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "prove", "Write the proof that a record stands in the log. It shows nothing of any other record.")

  @Argument(help: "The record's number.") var seq: String
  @Option(help: ArgumentHelp("The proof's new file.", valueName: "file")) var out: String
  @Option(help: ArgumentHelp("Write the record as it was hashed, too.", valueName: "file")) var record:
    String?
  @OptionGroup var tenants: AuditTenantOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    for path in [out, record].compactMap({ $0 }) { try OutputFile.requireAbsent(path) }
    let proven = try global.core().proveAudit(
      try AuditNumber.parse(seq), ofEveryTenant: tenants.allTenants)
    try OutputFile.create(out, Array(proven.proof.text.utf8), mode: 0o644)
    if let record { try OutputFile.create(record, proven.record.bytes + [UInt8(ascii: "\n")]) }
    try global.show(.one(AuditProofView(proven.proof)))
  }
}

struct AuditVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "verify",
    "Check every record against its hash and the signed heads (exit code 16 if not intact), one record against its proof, or a certificate."
  )

  @Option(
    help: ArgumentHelp(
      "Heads that audit anchor wrote, - for standard input: finds a rollback of everything.",
      valueName: "file"))
  var anchor: String?
  @OptionGroup var counter: AuditTPMOptions
  @Option(
    help: ArgumentHelp("A key that audit key showed, kept elsewhere; may be repeated.", valueName: "vkey"))
  var key: [String] = []
  @Option(help: ArgumentHelp("A proof that audit prove wrote; no store is needed.", valueName: "file"))
  var proof: String?
  @Option(help: ArgumentHelp("The record that it is the proof of.", valueName: "file")) var record: String?
  @Option(
    help: ArgumentHelp("A certificate that tenant destroy wrote; no store is needed.", valueName: "file"))
  var certificate: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    try counter.check()
    guard (proof == nil) == (record == nil) else { throw ValidationError("--proof and --record go together") }
    if certificate != nil {
      guard !key.isEmpty else { throw ValidationError("--certificate needs --key") }
      guard anchor == nil, proof == nil, !counter.tpm else {
        throw ValidationError("--certificate goes with --key alone")
      }
    }
    if proof != nil {
      guard !key.isEmpty else { throw ValidationError("--proof needs --key") }
      guard anchor == nil, !counter.tpm else {
        throw ValidationError("--anchor and --tpm are for the whole log, --proof for one record")
      }
    }
  }

  func run() throws {
    if let certificate {
      return try global.show(.one(try DestructionCertificate.verified(certificate, keys: key)))
    }
    if let proof, let record {
      return try global.show(
        .one(AuditProofView(try AuditFiles.verify(proof: proof, record: record, keys: key))))
    }
    let verification = try global.core().verifyAudit(
      anchor: anchor, tpm: (counter.tpm, counter.address), keys: key)
    if anchor == nil, !counter.tpm {
      global.note(
        "warning: a rollback of the whole state directory is not detectable without an anchor: see cvmctl audit anchor"
      )
    }
    try global.show(.one(AuditVerificationView(verification)))
  }
}
