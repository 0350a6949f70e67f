import ArgumentParser
import CVMCore

struct KeyCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("create", "Make a key of random bytes.")

  @Argument(help: "The new key's name.") var name: String
  @OptionGroup var kind: KeyPurposeOption
  @Option(help: ArgumentHelp("aes-256 or aes-128.", valueName: "algorithm")) var algorithm = "aes-256"
  @OptionGroup var rotation: KeyRotationOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try global.core().createKey(
      name, purpose: kind.purpose, algorithm: try KeyAlgorithm.named(algorithm),
      rotation: try rotation.rotation())
    try global.show(changed: key, "created")
  }
}

struct KeyImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "import", "Bring a key: from a file that only its owner can read, or a pipe such as /dev/fd/3.")

  @Argument(help: "The new key's name.") var name: String
  @Argument(help: "The file that holds it, raw.") var file: String
  @OptionGroup var kind: KeyPurposeOption
  @Option(help: ArgumentHelp("opaque, aes-256 or aes-128.", valueName: "algorithm")) var algorithm = "opaque"
  @OptionGroup var rotation: KeyRotationOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try global.core().importKey(
      name, from: file, purpose: kind.purpose, algorithm: try KeyAlgorithm.named(algorithm),
      rotation: try rotation.rotation())
    try global.show(changed: key, "imported")
  }
}

struct KeyPolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "policy", "Say when a key is due for a new version.")

  @Argument(help: "The key's name.") var name: String
  @OptionGroup var rotation: KeyRotationOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard rotation.rotateAfter != nil || rotation.maxUses != nil else {
      throw ValidationError("give --rotate-after or --max-uses")
    }
  }

  func run() throws {
    let key = try global.core().setRotation(
      ofKey: name, after: try rotation.rotateAfter.map { try KeyRotation.age($0) },
      maxUses: try rotation.maxUses.map { try KeyRotation.uses($0) })
    try global.show(changed: key, "has its policy")
  }
}

struct KeyPurposeOption: ParsableArguments {
  @Option(help: ArgumentHelp("What it is for, in one word; bound to the key.", valueName: "purpose"))
  var purpose = "data"
}

struct KeyRotationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The age at which a version is due: 90d, 12h, never.", valueName: "age"))
  var rotateAfter: String?
  @Option(help: ArgumentHelp("The uses after which a version is due; or never.", valueName: "number"))
  var maxUses: String?

  func rotation() throws -> KeyRotation {
    KeyRotation(
      after: try rotateAfter.flatMap { try KeyRotation.age($0) },
      maxUses: try maxUses.flatMap { try KeyRotation.uses($0) })
  }
}

extension KeyAlgorithm {
  static func named(_ text: String) throws -> KeyAlgorithm {
    guard let algorithm = KeyAlgorithm(rawValue: text) else {
      throw UsageError("--algorithm is one of \(allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return algorithm
  }
}
