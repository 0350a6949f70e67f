import ArgumentParser
import CVMCore

struct KeyExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "export", "Write a key's bytes to a new file that only you can read.")

  @Argument(help: "The key's name, or NAME@VERSION; the newest version otherwise.") var name: String
  @Option(help: ArgumentHelp("The new file.", valueName: "file")) var out: String
  @Flag(help: "As it is: whoever has the file has the key.") var plaintext = false
  @OptionGroup var compromised: AllowCompromisedOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    guard plaintext else {
      throw UsageError("an export writes the key as it is", hint: "if that is what you want: --plaintext")
    }
    let key = try KeyReference(name)
    let exported = try global.core().exportKey(
      key.name, version: key.version, to: out, evenCompromised: compromised.allowCompromised)
    try global.show(changed: exported, "exported")
  }
}

struct KeyWrapCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "wrap", "Encrypt a file of at most 64 KiB under a key.")

  @Argument(help: "The key's name.") var name: String
  @Option(name: .customLong("in"), help: ArgumentHelp("What to encrypt.", valueName: "file")) var input:
    String
  @Option(help: ArgumentHelp("The new file.", valueName: "file")) var out: String
  @OptionGroup var global: GlobalOptions

  func run() throws {
    try global.show(changed: try global.core().wrapFile(input, to: out, key: name), "used")
  }
}

struct KeyUnwrapCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "unwrap", "Decrypt what 'key wrap' wrote, into a new file that only you can read.")

  @Argument(help: "The key's name.") var name: String
  @Option(name: .customLong("in"), help: ArgumentHelp("What to decrypt.", valueName: "file")) var input:
    String
  @Option(help: ArgumentHelp("The new file.", valueName: "file")) var out: String
  @OptionGroup var compromised: AllowCompromisedOption
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let key = try global.core().unwrapFile(
      input, to: out, key: name, evenCompromised: compromised.allowCompromised)
    try global.show(changed: key, "used")
  }
}

struct AllowCompromisedOption: ParsableArguments {
  @Flag(help: "Read with a compromised version all the same.") var allowCompromised = false
}
