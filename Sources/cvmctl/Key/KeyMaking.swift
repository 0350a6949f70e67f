import ArgumentParser
import Bytes
import CVMCore

struct KeyCreateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb("create", "Make a key.")

  @Argument(help: "The new key's name.") var name: String
  @OptionGroup var kind: KeyPurposeOption
  @Option(
    help: ArgumentHelp("aes-256, aes-128; or ed25519, p384, hybrid, which sign.", valueName: "algorithm"))
  var algorithm = "aes-256"
  @Option(help: ArgumentHelp("The moment from which it can be used: RFC 3339, or a day.", valueName: "time"))
  var activeFrom: String?
  @OptionGroup var rotation: KeyRotationOptions
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try global.core().createKey(
      name, purpose: kind.purpose, algorithm: try KeyAlgorithm.named(algorithm),
      rotation: try rotation.rotation(), activeFrom: try activeFrom.map { try KeyTime.parse($0) })
    try global.show(changed: key, "created")
  }
}

struct KeyImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "import",
    "Bring a key: from a file that only its owner can read, a pipe such as /dev/fd/3, or one that key export wrote for you."
  )

  @Argument(help: "The new key's name.") var name: String
  @Argument(help: "The file that holds it, raw, or sealed to --identity.") var file: String
  @Option(
    help: ArgumentHelp("Who opens an exported key: PREFIX.key of key recipient create.", valueName: "file"))
  var identity: String?
  @OptionGroup var kind: KeyPurposeOption
  @Option(
    help: ArgumentHelp(
      "opaque otherwise; aes-256, aes-128, ed25519, p384 or hybrid.", valueName: "algorithm"))
  var algorithm: String?
  @OptionGroup var rotation: KeyRotationOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard identity == nil || (algorithm == nil && kind.purpose == nil) else {
      throw ValidationError("an exported key keeps its purpose and its algorithm")
    }
  }

  func run() throws {
    let (core, rotation) = (try global.core(), try rotation.rotation())
    let key =
      if let identity {
        try core.importKey(name, exported: file, identity: identity, rotation: rotation)
      } else {
        try core.importKey(
          name, from: file, purpose: kind.purpose,
          algorithm: try algorithm.map { try KeyAlgorithm.named($0) } ?? .opaque, rotation: rotation)
      }
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
  @Option(
    help: ArgumentHelp(
      "What it is for, in one word; bound to the key. data or sign otherwise.", valueName: "purpose")
  ) var purpose: String?
}

/// A moment on the command line.
enum KeyTime {
  static func parse(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(text) ?? Timestamp(text + "T00:00:00Z") else {
      throw UsageError("'\(text)' is no moment", hint: "as 2026-11-25T09:30:00Z, or 2026-11-25")
    }
    return time
  }
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
