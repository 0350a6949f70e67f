import ArgumentParser
import CVMCore

struct DomsetlaunchsecstateCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "domsetlaunchsecstate", "Inject a prepared launch secret into a paused guest.")

  @Argument(help: "A guest, by name, id or UUID.") var guest: String
  @Option(help: ArgumentHelp("The packet header, base64.", valueName: "file")) var secrethdr: String
  @Option(help: ArgumentHelp("The encrypted secret, base64.", valueName: "file")) var secret: String
  @Option(help: ArgumentHelp("The guest address, decimal or 0x….", valueName: "address")) var setAddress:
    String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    let address: UInt64? = try setAddress.map { try Number.unsigned($0, "--set-address") }
    let done = try global.core().injectPacket(
      headerFile: secrethdr, payloadFile: secret, address: address, into: guest)
    try global.show(acted: BulkResult(done.name, done), "has its secret")
  }
}
