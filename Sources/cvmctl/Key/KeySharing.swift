import ArgumentParser
import CVMCore

struct KeyExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "export", "Write a key to a new file: sealed to a recipient, or its public half, or as it is.")

  @Argument(help: "The key's name, or NAME@VERSION; the newest version otherwise.") var name: String
  @Option(help: ArgumentHelp("The new file.", valueName: "file")) var out: String
  @Option(help: ArgumentHelp("Who alone can open it: PREFIX.pub of key recipient create.", valueName: "file"))
  var recipient: String?
  @Flag(help: "What verifies its signatures: PEM, or the bytes where there is no standard one.")
  var `public` = false
  @Flag(help: "As the vault keeps it, for a tenant that holds its own key.") var sealed = false
  @Flag(help: "As it is: whoever has the file has the key.") var plaintext = false
  @OptionGroup var compromised: AllowCompromisedOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard [recipient != nil, self.public, sealed, plaintext].count(where: { $0 }) == 1 else {
      throw UsageError(
        "say how the key leaves: --recipient FILE, --public, --sealed or --plaintext",
        hint: "a file of --plaintext is the key itself")
    }
    let (core, key) = (try global.core(), try KeyReference(name))
    let evenCompromised = compromised.allowCompromised
    let exported =
      if let recipient {
        try core.exportKey(
          key.name, version: key.version, for: recipient, to: out, evenCompromised: evenCompromised)
      } else if self.public {
        try core.exportPublicKey(key.name, version: key.version, to: out, evenCompromised: evenCompromised)
      } else if sealed {
        try core.handOverKey(key.name, version: key.version, to: out)
      } else {
        try core.exportKey(key.name, version: key.version, to: out, evenCompromised: evenCompromised)
      }
    try global.show(changed: exported, "exported")
  }
}

struct KeyOpenCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "open", "Open what key export sealed to you, into a new file that only you can read. Needs no store.")

  @Argument(help: "The file that key export wrote.") var file: String
  @Option(help: ArgumentHelp("Who opens it: PREFIX.key of key recipient create.", valueName: "file"))
  var identity: String
  @Option(help: ArgumentHelp("The new file.", valueName: "file")) var out: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.show(.one(try RecipientFiles.open(file, identity: identity, to: out)))
  }
}

struct KeyRecipientCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipient", abstract: "Who keys are sealed to.",
    subcommands: [KeyRecipientCreateCommand.self])
}

struct KeyRecipientCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "create",
    "Make the two files of a recipient: PREFIX.pub for everybody, PREFIX.key for you. Needs no store.")

  @Option(help: ArgumentHelp("What the names of the new files begin with.", valueName: "prefix")) var out:
    String
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(.one(try RecipientFiles.create(out))) }
}

extension RecipientInfo: Renderable {
  static let columns: [Column<RecipientInfo>] = [
    Column("FINGERPRINT") { $0.fingerprint },
    Column("ALGORITHM") { $0.algorithm },
    Column("PUBLIC FILE") { $0.publicFile },
    Column("IDENTITY FILE") { $0.identityFile },
  ]
}

extension OpenedExport: Renderable {
  static let columns: [Column<OpenedExport>] = [
    Column("NAME") { $0.name },
    Column("TENANT") { $0.tenant },
    Column("VERSION") { String($0.version) },
    Column("PURPOSE") { $0.purpose },
    Column("ALGORITHM") { $0.algorithm },
    Column("FILE") { $0.file },
  ]
}
