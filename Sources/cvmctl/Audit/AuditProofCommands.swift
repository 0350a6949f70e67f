import ArgumentParser
import CVMCore
import StateStore

struct AuditProveCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "prove",
    "Write the proof that a record stands in the log, or that the log continues an older head. It shows nothing of any other record."
  )

  @Argument(help: "The record's number.") var seq: String?
  @Option(help: ArgumentHelp("The older head; the last one in the file.", valueName: "file"))
  var from: String?
  @Option(help: ArgumentHelp("The newer head; the log's newest otherwise.", valueName: "file"))
  var to: String?
  @Option(help: ArgumentHelp("The proof's new file.", valueName: "file")) var out: String
  @Option(help: ArgumentHelp("Write the record as it was hashed, too.", valueName: "file")) var record:
    String?
  @OptionGroup var tenants: AuditTenantOption
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (seq == nil) != (from == nil) else {
      throw ValidationError("say what to prove: a record's number, or --from FILE")
    }
    guard from != nil || to == nil else { throw ValidationError("--to goes with --from") }
    guard from == nil || record == nil && !tenants.allTenants else {
      throw ValidationError("--record and --all-tenants go with a record's number")
    }
  }

  func run() throws {
    if let from {
      try OutputFile.requireAbsent(out)
      let proof = try global.core().proveAudit(from: from, to: to)
      try OutputFile.create(out, Array(proof.text.utf8), mode: 0o644)
      return try global.show(.one(AuditConsistencyView(proof)))
    }
    for path in [out, record].compactMap({ $0 }) { try OutputFile.requireAbsent(path) }
    let proven = try global.core().proveAudit(
      try AuditNumber.parse(seq ?? ""), ofEveryTenant: tenants.allTenants)
    try OutputFile.create(out, Array(proven.proof.text.utf8), mode: 0o644)
    if let record { try OutputFile.create(record, proven.record.bytes + [UInt8(ascii: "\n")]) }
    try global.show(.one(AuditProofView(proven.proof)))
  }
}

struct AuditVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "verify",
    "Check every record against its hash and the signed heads (exit code 16 if not intact), a proof, or a certificate."
  )

  @Option(
    help: ArgumentHelp(
      "Heads that audit anchor wrote, - for standard input: finds a rollback of everything.",
      valueName: "file"))
  var anchor: String?
  @OptionGroup var counter: AuditTPMOptions
  @Option(
    help: ArgumentHelp(
      "A key that audit key showed, kept elsewhere, or a file of them; may be repeated.", valueName: "vkey"))
  var key: [String] = []
  @Option(help: ArgumentHelp("A proof that audit prove wrote; no store is needed.", valueName: "file"))
  var proof: String?
  @Option(help: ArgumentHelp("The record that it is the proof of.", valueName: "file")) var record: String?
  @Option(help: ArgumentHelp("The older head that it is the proof of.", valueName: "file")) var from: String?
  @Option(
    help: ArgumentHelp("A certificate that tenant destroy wrote; no store is needed.", valueName: "file"))
  var certificate: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    try counter.check()
    guard [record, from].compactMap({ $0 }).count == (proof == nil ? 0 : 1) else {
      throw ValidationError("--proof goes with --record or --from")
    }
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
    if let proof, let from {
      return try global.show(
        .one(AuditConsistencyView(try AuditFiles.verify(proof: proof, from: from, keys: key))))
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
