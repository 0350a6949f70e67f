import ArgumentParser
import CVMCore
import CVMCrypto
import Vault

struct KeyEscrowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "escrow",
    "Give the tenant's KEK to recipients, or to holders of shares, against the loss of the root key.")

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Who can open it alone: PREFIX.pub of key recipient create.", valueName: "file"))
  var recipient: [String] = []
  @Option(help: ArgumentHelp("How many shares to make.", valueName: "number")) var shares: Int?
  @Option(help: ArgumentHelp("How many of them are enough.", valueName: "number")) var threshold: Int?
  @Option(help: ArgumentHelp("The directory for the new files.", valueName: "dir")) var out: String
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard recipient.isEmpty == (shares != nil), (shares == nil) == (threshold == nil) else {
      throw ValidationError("give --recipient FILE, or --shares and --threshold")
    }
    if let shares, let threshold {
      guard Shamir.counts.contains(shares), (2...shares).contains(threshold) else {
        throw ValidationError("--threshold is between 2 and --shares, --shares at most 255")
      }
    }
  }

  func run() throws {
    let core = try global.core()
    let escrows =
      if let shares, let threshold {
        try core.escrowKEK(shares: shares, threshold: threshold, in: out)
      } else {
        try core.escrowKEK(recipients: recipient, in: out)
      }
    try global.show(.list(escrows))
  }
}

struct KeyRecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "recover",
    "Put a tenant's KEK from its escrow, or its own public key, back under the root key, after the loss of the one before."
  )

  @Argument(help: "The file that key escrow wrote.") var file: String?
  @Option(help: ArgumentHelp("Who opens it: PREFIX.key of key recipient create.", valueName: "file"))
  var identity: String?
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("A share's file; as many as are needed.", valueName: "file"))
  var share: [String] = []
  @Option(
    help: ArgumentHelp(
      "The public key of a tenant that holds the private one itself: PREFIX.pub.", valueName: "file"))
  var holdYourOwnKey: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if holdYourOwnKey != nil {
      guard file == nil, identity == nil, share.isEmpty else {
        throw ValidationError("--hold-your-own-key goes without an escrow")
      }
      return
    }
    guard file != nil else { throw ValidationError("name the file that key escrow wrote") }
    guard (identity == nil) != share.isEmpty else {
      throw ValidationError("give --identity, or --share for each share")
    }
  }

  func run() throws {
    if let holdYourOwnKey {
      return try global.show(.one(try global.core().recoverKEK(holder: holdYourOwnKey)))
    }
    guard let file else { return }
    let opening: Core.EscrowOpening =
      if let identity { .identity(identity) } else { .shares(try share.map { try ShareFiles.read($0) }) }
    try global.show(.one(try global.core().recoverKEK(from: file, by: opening)))
  }
}

extension RecoveredKEK: Renderable {
  static let columns: [Column<RecoveredKEK>] = [
    Column("TENANT") { $0.tenant },
    Column("KEK VERSION") { String($0.version) },
    Column("WRAPPING") { $0.wrapping },
  ]
}
