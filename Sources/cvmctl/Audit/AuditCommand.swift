import ArgumentParser
import CVMCore
import StateStore
import Vault

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "The record of every act, and the proof that nobody changed it.",
    subcommands: [
      AuditListCommand.self, AuditShowCommand.self, AuditVerifyCommand.self, AuditProveCommand.self,
      AuditExportCommand.self, AuditAnchorCommand.self, AuditKeyCommand.self,
      AuditRekeyCommand.self,
    ])
}

/// Whose records.
struct AuditTenantOption: ParsableArguments {
  @Flag(help: "Every tenant's records and the store's own, not the acting tenant's.") var allTenants = false
}

/// Which records.
struct AuditFilterOptions: ParsableArguments {
  @OptionGroup var tenants: AuditTenantOption
  @Option(help: ArgumentHelp("Acts on this guest.", valueName: "name")) var guest: String?
  @Option(help: ArgumentHelp("This act (guest.start), or all of a kind (guest).", valueName: "act")) var act:
    String?
  @Option(help: ArgumentHelp("From this moment on: RFC 3339, a day, or 30m, 12h, 7d ago.", valueName: "time"))
  var since: String?
  @Option(help: ArgumentHelp("Up to this moment.", valueName: "time")) var until: String?

  func question() throws -> AuditQuestion {
    var question = AuditQuestion()
    question.ofEveryTenant = tenants.allTenants
    question.guest = guest
    question.act = act
    question.since = try since.map { try AuditMoment($0) }
    question.until = try until.map { try AuditMoment($0) }
    return question
  }
}

struct AuditListCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("list", "List records, the oldest first.")

  @OptionGroup var filter: AuditFilterOptions
  @Option(help: ArgumentHelp("The newest so many.", valueName: "n")) var limit: Int?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (1...1_000_000_000).contains(limit ?? 1) else {
      throw ValidationError("--limit is a number between 1 and 1000000000")
    }
  }

  func run() throws {
    let entries = try global.core().auditEntries(try filter.question(), limit: limit)
    try global.show(.list(entries.map(AuditEntryView.init)))
  }
}

struct AuditShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show a record.")

  @Argument(help: "The record's number.") var seq: String
  @OptionGroup var tenants: AuditTenantOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let entry = try global.core().auditEntry(
      try AuditNumber.parse(seq), ofEveryTenant: tenants.allTenants)
    try global.show(.one(AuditEntryView(entry)))
  }
}

struct AuditExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "export", "Write records to standard output, one a line, for another system.")

  @Option(help: "jsonl (the records as they are hashed), cef or syslog.") var format = AuditFormat.jsonl
  @OptionGroup var filter: AuditFilterOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let lines = AuditLines(format)
    try global.core().visitAudit(try filter.question()) { entries in
      try Terminal.out(entries.map { lines.line($0) + "\n" }.joined())
    }
  }
}

struct AuditAnchorCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "anchor",
    "Sign the log as it is now and write the head, to be kept on another machine, or anchor it in a TPM.")

  @Option(help: ArgumentHelp("The new file; - for standard output.", valueName: "file")) var out: String?
  @OptionGroup var counter: AuditTPMOptions
  @Flag(help: "Go on from here where the TPM and the log differ.") var replaceLost = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (out == nil) == counter.tpm else { throw ValidationError("say where: --out FILE or --tpm") }
    try counter.check()
    guard counter.tpm || !replaceLost else { throw ValidationError("--replace-lost goes with --tpm") }
  }

  func run() throws {
    let core = try global.core()
    guard let out else {
      let (head, value) = try core.anchorAudit(inTPM: counter.address, replacingLost: replaceLost)
      return try global.show(.one(AuditHeadView(head, tpmCounter: value)))
    }
    if out != "-" { try OutputFile.requireAbsent(out) }
    let head = try core.anchorAudit()
    guard out != "-" else { return try Terminal.out(head.text) }
    try OutputFile.create(out, Array(head.text.utf8), mode: 0o644)
    try global.show(.one(AuditHeadView(head)))
  }
}

/// The TPM that has the log's counter.
struct AuditTPMOptions: ParsableArguments {
  @Flag(help: "The log's counter in a TPM, which nobody can set back.") var tpm = false
  @Option(help: ArgumentHelp("The TPM; the one of the last time otherwise.", valueName: "address"))
  var tcti: String?

  var address: TPMAddress? { tcti.flatMap(TPMAddress.init) }

  func check() throws {
    guard tpm || tcti == nil else { throw ValidationError("--tcti goes with --tpm") }
    guard tcti == nil || address != nil else {
      throw ValidationError("--tcti: device:FILE, swtpm:…, mssim:… or tabrmd:…")
    }
  }
}

struct AuditKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "key", "Show the keys that verify the log's heads and proofs, to be kept on another machine.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(try global.core().auditKeys()) }
}

struct AuditRekeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "rekey", "Let fresh keys sign the log from here on; the old ones sign that, and are destroyed.")

  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(try global.core().rekeyAudit()) }
}

extension GlobalOptions {
  /// Keys as `--key` takes them: one a line, without a header.
  fileprivate func show(_ keys: [VerifierKey]) throws {
    let output = try settings().output
    switch output {
    case .table, .wide, .name: try Terminal.out(keys.map { $0.text + "\n" }.joined())
    case .json, .yaml: try Terminal.out(try output.text(of: .list(keys.map(AuditKeyView.init))))
    }
  }
}

/// A record's number on the command line.
enum AuditNumber {
  static func parse(_ text: String) throws -> Int64 {
    guard let number = Int64(text), number > 0 else {
      throw UsageError("'\(text)' is no record's number", hint: "records are numbered from 1")
    }
    return number
  }
}
