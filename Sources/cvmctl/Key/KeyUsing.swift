import ArgumentParser
import CVMCore

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
