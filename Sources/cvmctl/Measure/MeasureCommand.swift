import ArgumentParser
import CVMCore

struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "measure", "Predict launch digests: of a guest, or of what the options name.",
    subcommands: [MeasureRecordCommand.self])

  @OptionGroup var definition: MeasuredDefinition
  @OptionGroup var launch: MeasuredLaunchOptions
  @Option(help: ArgumentHelp("An IGVM file, for SEV-SNP.", valueName: "file")) var igvm: String?
  @Option(
    help: ArgumentHelp(
      "How pages without bytes in an IGVM file are measured: zero or normal.", valueName: "type"))
  var emptyPages: String?
  @Flag(help: "Show every step of the launch, with the digest behind it.") var explain = false
  @Flag(help: "Write each vCPU's page to vmsaN.bin in the working directory.") var dumpVmsa = false
  @Option(help: ArgumentHelp("hex or base64.", valueName: "format")) var outputFormat: DigestFormat = .hex
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    let sources = [definition.guest != nil, definition.guestFile != nil, launch.mode != nil, igvm != nil]
    guard sources.filter({ $0 }).count == 1 else {
      throw ValidationError("give --mode and --ovmf, or --guest, --guest-file or --igvm")
    }
    guard igvm != nil || emptyPages == nil else { throw ValidationError("--empty-pages is for --igvm") }
    guard igvm == nil || (launch.namesNothingButVCPUs && !dumpVmsa) else {
      throw ValidationError(
        "the file says all but --vcpus and --empty-pages: no other option goes with --igvm")
    }
  }

  func run() throws {
    if let igvm {
      return try MeasureIGVM.show(
        igvm, vcpus: launch.vcpus, emptyPages: emptyPages, explains: explain, outputFormat, global)
    }
    let (request, isSweep) = try request()
    guard !dumpVmsa || !isSweep else { throw UsageError("--dump-vmsa is for one launch, not for a sweep") }
    let sweep = try DigestSweep(request)
    let predictions = try sweep.predictions(explained: explain)
    if dumpVmsa {
      guard request.mode != .snpFirmware, let pages = try sweep.vmsaPages() else {
        throw UsageError("--dump-vmsa: this mode measures no vCPU")
      }
      try VMSAFiles.write(pages)
    }
    let texts = PrintedDigests(predictions, isSweep: isSweep, isExplained: explain, outputFormat)
    if isSweep {
      try global.show(document: texts.text, as: predictions)
    } else if let prediction = predictions.first {
      try global.show(document: texts.text, as: prediction)
    }
  }

  private func request() throws -> (DigestRequest, isSweep: Bool) {
    if launch.mode != nil { return try launch.request() }
    let references = try launch.references()
    let core = try global.core()
    if let guest = definition.guest {
      return (try core.digestRequest(guest: guest, references), false)
    }
    return (
      try core.digestRequest(source: DefinitionSource(definition.guestFile ?? "-"), references), false
    )
  }
}

struct MeasuredDefinition: ParsableArguments {
  @Option(help: ArgumentHelp("A defined guest.", valueName: "name")) var guest: String?
  @Option(help: ArgumentHelp("Domain XML or a YAML guest file, or - for standard input.", valueName: "file"))
  var guestFile: String?
}
