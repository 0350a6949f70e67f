import ArgumentParser
import Bytes
import CVMCore

struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "measure", "Predict a guest's launch digest from its definition.",
    subcommands: [MeasureRecordCommand.self])

  @Option(help: ArgumentHelp("A defined guest.", valueName: "name")) var guest: String?
  @Option(help: ArgumentHelp("Domain XML or a YAML guest file, or - for standard input.", valueName: "file"))
  var guestFile: String?
  @Option(help: ArgumentHelp("hex or base64.", valueName: "format")) var outputFormat = "hex"
  @OptionGroup var references: ReferenceOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (guest == nil) != (guestFile == nil) else { throw ValidationError("give --guest or --guest-file") }
    guard ["hex", "base64"].contains(outputFormat) else {
      throw ValidationError("--output-format is hex or base64")
    }
  }

  func run() throws {
    let core = try global.core()
    let files = try references.files()
    let prediction =
      if let guest { try core.measure(guest: guest, files) } else {
        try core.measure(source: DefinitionSource(guestFile ?? "-"), files)
      }
    let digest =
      outputFormat == "hex" ? prediction.digest : Base64.encode(Hex.decode(prediction.digest) ?? [])
    try global.show(document: digest + "\n", as: prediction)
  }
}
