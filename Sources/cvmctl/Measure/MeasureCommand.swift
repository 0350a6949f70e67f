import ArgumentParser
import Bytes
import CVMCore

struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "measure", "Predict a guest's launch digest from its definition.")

  @Option(help: ArgumentHelp("A defined guest.", valueName: "name")) var guest: String?
  @Option(help: ArgumentHelp("Domain XML or a YAML guest file, or - for standard input.", valueName: "file"))
  var guestFile: String?
  @Option(help: ArgumentHelp("An IGVM file, for SEV-SNP.", valueName: "file")) var igvm: String?
  @Option(help: ArgumentHelp("vCPUs of the guest.", valueName: "n")) var vcpus: String?
  @Option(
    help: ArgumentHelp(
      "How pages without bytes in an IGVM file are measured: zero or normal.", valueName: "type"))
  var emptyPages: String?
  @Flag(help: "Show every group of pages with the digest after it.") var explain = false
  @Option(help: ArgumentHelp("hex or base64.", valueName: "format")) var outputFormat = "hex"
  @OptionGroup var references: ReferenceOptions
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard [guest, guestFile, igvm].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("give --guest, --guest-file or --igvm")
    }
    guard igvm != nil || (vcpus == nil && emptyPages == nil && !explain) else {
      throw ValidationError("--vcpus, --empty-pages and --explain need --igvm")
    }
    guard ["hex", "base64"].contains(outputFormat) else {
      throw ValidationError("--output-format is hex or base64")
    }
  }

  func run() throws {
    if let igvm {
      return try MeasureIGVM.show(
        igvm, vcpus: vcpus, emptyPages: emptyPages, explains: explain, base64: outputFormat == "base64",
        global)
    }
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
