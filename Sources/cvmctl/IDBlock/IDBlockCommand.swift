import ArgumentParser
import Bytes
import CVMCore
import SEV

struct IDBlockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idblock",
    abstract: "ID blocks: the owner's signature under a SEV-SNP launch, which the firmware checks.",
    subcommands: [IDBlockCreateCommand.self, IDBlockShowCommand.self, IDBlockVerifyCommand.self])
}

struct IDBlockCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "create", "Sign the launch of a guest: PREFIX_idblock.b64 and PREFIX_idauth.b64.")

  @OptionGroup var launch: ExpectedLaunchOptions
  @Option(
    help: ArgumentHelp("Signs the block: PEM or DER, P-384; or key:NAME of the vault.", valueName: "file"))
  var idKey: String
  @Option(help: ArgumentHelp("Signs the ID key: PEM or DER, P-384; or key:NAME.", valueName: "file"))
  var authorKey: String?
  @Option(help: ArgumentHelp("The guest's family, 16 bytes (default zeros).", valueName: "hex"))
  var familyId: String?
  @Option(help: ArgumentHelp("The guest's image, 16 bytes (default zeros).", valueName: "hex"))
  var imageId: String?
  @Option(help: ArgumentHelp("The guest's security version (default 0).", valueName: "n")) var guestSvn:
    String?
  @Option(
    help: ArgumentHelp(
      "The launch policy: a name, a number, or AMD's bit names (default 0x30000, or the IGVM file's).",
      valueName: "policy"))
  var policy: String?
  @Option(help: ArgumentHelp("How the files' names begin.", valueName: "prefix")) var out: String
  @Flag(help: "Write the bytes as they are, PREFIX_idblock.bin and PREFIX_idauth.bin, not base64.")
  var binary = false
  @Flag(help: "Print libvirt's launchSecurity element.") var libvirt = false
  @Flag(help: "Allow a policy that lets the host debug the guest.") var allowDebug = false
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard let launch = try launch.launch() else {
      throw UsageError("give the launch to be signed: --measurement or --igvm")
    }
    let request = IDBlockRequest(
      launch: launch, familyID: try Self.name(familyId, "--family-id"),
      imageID: try Self.name(imageId, "--image-id"),
      guestSVN: try guestSvn.map { try Number.unsigned($0, "--guest-svn") } ?? 0, policy: policy,
      consent: PolicyConsent(debug: allowDebug))
    let info = try global.core().createIDBlock(
      request, idKey: try Self.key(idKey), author: try authorKey.map(Self.key), prefix: out, isBinary: binary)
    try global.show(info, libvirt: libvirt)
  }

  private static func name(_ text: String?, _ option: String) throws -> [UInt8] {
    guard let text else { return [UInt8](repeating: 0, count: IDBlock.nameSize) }
    guard let bytes = Hex.decode(text), bytes.count == IDBlock.nameSize else {
      throw UsageError("\(option) is not \(2 * IDBlock.nameSize) hexadecimal digits")
    }
    return bytes
  }

  private static func key(_ text: String) throws -> IDKeySource {
    text.hasPrefix("key:") ? .vault(try KeyReference(String(text.dropFirst(4)))) : .file(text)
  }
}

struct IDBlockShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("show", "Show what is in an ID block's files.")

  @OptionGroup var files: IDBlockArguments
  @Flag(help: "Print libvirt's launchSecurity element.") var libvirt = false
  @OptionGroup var global: GlobalOptions

  func run() throws { try global.show(try files.files.describe(), libvirt: libvirt) }
}

struct IDBlockVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "verify", "Check an ID block's signatures, form, launch and keys. Exit code 12 if refused.")

  @OptionGroup var files: IDBlockArguments
  @OptionGroup var launch: ExpectedLaunchOptions
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("An ID key that is trusted, by its digest in reports.", valueName: "hex"))
  var trustedIdKeyHash: [String] = []
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("An author key that is trusted, by its digest in reports.", valueName: "hex"))
  var trustedAuthorKeyHash: [String] = []
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let verification = try IDBlockVerification.verify(
      files.files,
      IDBlockExpectation(
        launch: try launch.launch(),
        idKeys: try trustedIdKeyHash.map { try SNPDigestOption.parse($0, "--trusted-id-key-hash") },
        authorKeys: try trustedAuthorKeyHash.map {
          try SNPDigestOption.parse($0, "--trusted-author-key-hash")
        }))
    let output = try global.settings().output
    switch output {
    case .json, .yaml: try Terminal.out(try output.text(of: .one(verification)))
    case .table, .wide: try Terminal.out(try output.text(of: .list(verification.checks)))
    case .name: try Terminal.out((verification.accepted ? "accepted" : "refused") + "\n")
    }
    if let refusal = verification.refusal { throw refusal }
  }
}

struct IDBlockArguments: ParsableArguments {
  @Argument(help: "The ID block: 96 bytes, or their base64.") var block: String
  @Argument(help: "The ID authentication: 4096 bytes, or their base64.") var auth: String

  var files: IDBlockFiles { IDBlockFiles(block: block, auth: auth) }
}

struct ExpectedLaunchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The launch digest: 48 bytes in hex or base64.", valueName: "digest"))
  var measurement: String?
  @Option(help: ArgumentHelp("The IGVM file that is launched.", valueName: "file")) var igvm: String?

  func validate() throws {
    guard measurement == nil || igvm == nil else {
      throw ValidationError("--measurement or --igvm, not both")
    }
  }

  func launch() throws -> ExpectedLaunch? {
    if let igvm { return .igvm(igvm) }
    return try measurement.map { .digest(try SNPDigestOption.parse($0, "--measurement")) }
  }
}

/// 48 bytes: 96 hexadecimal digits, with or without 0x, or base64.
enum SNPDigestOption {
  static func parse(_ text: String, _ option: String) throws -> [UInt8] {
    let digits = text.hasPrefix("0x") ? String(text.dropFirst(2)) : text
    guard let bytes = Hex.decode(digits) ?? Base64.decode(text), bytes.count == SNPDigest.size else {
      throw UsageError("\(option) is not 48 bytes in hex or base64")
    }
    return bytes
  }
}
