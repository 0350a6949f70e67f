import ArgumentParser
import Bytes
import CVMCore
import SEV

/// What is launched, where no definition says it: sev-snp-measure's options and more. With a definition, the owner's own copies of
/// what it names.
struct MeasuredLaunchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("sev, sev-es, sev-snp or sev-snp-svsm.", valueName: "mode")) var mode:
    MeasureMode?
  @Option(
    name: [.customLong("ovmf"), .customLong("firmware")],
    help: ArgumentHelp("The firmware image; with a definition, the owner's copy of it.", valueName: "file"))
  var ovmf: String?
  @Option(help: ArgumentHelp("Numbers of vCPUs: 4, or 1,2,4-8 for a launch each.", valueName: "n"))
  var vcpus: String?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("QEMU's CPU model; several for a launch each.", valueName: "model"))
  var vcpuType: [String] = []
  @Option(help: ArgumentHelp("The CPU's signature (CPUID function 1, EAX).", valueName: "number"))
  var vcpuSig: String?
  @Option(help: ArgumentHelp("The CPU's family, with --vcpu-model and --vcpu-stepping.", valueName: "n"))
  var vcpuFamily: String?
  @Option(help: ArgumentHelp("The CPU's model number.", valueName: "n")) var vcpuModel: String?
  @Option(help: ArgumentHelp("The CPU's stepping.", valueName: "n")) var vcpuStepping: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("A kernel that is booted directly; several for a launch each.", valueName: "file"))
  var kernel: [String] = []
  @Option(parsing: .singleValue, help: ArgumentHelp("SHA-256 of a kernel, in place of it.", valueName: "hex"))
  var kernelHash: [String] = []
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("The initial RAM disk: one, or one a kernel.", valueName: "file"))
  var initrd: [String] = []
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("SHA-256 of an initial RAM disk, in place of it.", valueName: "hex"))
  var initrdHash: [String] = []
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The kernel's command line; several for a launch each.", valueName: "string"))
  var append: [String] = []
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("SHA-256 of a command line and one NUL, in place of it.", valueName: "hex"))
  var appendHash: [String] = []

  @Option(help: ArgumentHelp("SEV_FEATURES of the VMSAs.", valueName: "number")) var guestFeatures: String?
  @Option(help: ArgumentHelp("QEMU, ec2 or gce.", valueName: "vmm")) var vmmType: VMM = .qemu
  @Option(help: ArgumentHelp("SEV-ES register values: init (KVM's first) or init2.", valueName: "generation"))
  var vmsaGeneration: String?
  @Flag(help: "Print SEV-SNP's digest behind the firmware alone.") var ovmfHash = false
  @Option(help: ArgumentHelp("The digest behind the firmware, in place of its pages.", valueName: "hex"))
  var snpOvmfHash: String?
  @Option(help: ArgumentHelp("The SVSM image.", valueName: "file")) var svsm: String?
  @Option(help: ArgumentHelp("The firmware's variables, whose size counts.", valueName: "file"))
  var varsFile: String?
  @Option(help: ArgumentHelp("The size of the firmware's variables.", valueName: "bytes")) var varsSize:
    String?

  /// For what says the rest itself.
  var namesNothingButVCPUs: Bool {
    let texts = [
      ovmf, vcpuSig, vcpuFamily, vcpuModel, vcpuStepping, guestFeatures, vmsaGeneration, snpOvmfHash, svsm,
      varsFile, varsSize,
    ]
    let lists = [vcpuType, kernel, kernelHash, initrd, initrdHash, append, appendHash]
    return mode == nil && vmmType == .qemu && !ovmfHash && texts.allSatisfy { $0 == nil }
      && lists.allSatisfy(\.isEmpty)
  }
}

/// The words of `--mode`: commands of this tool and of sev-snp-measure.
enum MeasureMode: String, CaseIterable, ExpressibleByArgument {
  case sev
  case sevES = "sev-es"
  case sevSNP = "sev-snp"
  case sevSNPSVSM = "sev-snp-svsm"
  case snpFirmware = "snp:ovmf-hash"

  init?(argument: String) {
    switch argument.lowercased() {
    case "seves": self = .sevES
    case "snp": self = .sevSNP
    case "snp:svsm", "sev-snp:svsm": self = .sevSNPSVSM
    case let word: self.init(rawValue: word)
    }
  }
}

extension VMM: ExpressibleByArgument {
  public init?(argument: String) {
    guard let vmm = VMM.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() }) else {
      return nil
    }
    self = vmm
  }
}

enum DigestFormat: String, CaseIterable, ExpressibleByArgument {
  case hex, base64

  func text(_ hex: String) -> String {
    self == .hex ? hex : Base64.encode(Hex.decode(hex) ?? [])
  }
}
