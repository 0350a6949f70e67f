import ArgumentParser
import Attestation
import Bytes
import CVMCore
import SEV

struct LaunchVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration.verb(
    "verify",
    "Verify a launch measurement: of a guest, or offline from its parts. Exit code 10 if it does not match.")

  @Argument(help: "A launched guest; without it the options say everything.") var guest: String?

  @Option(help: ArgumentHelp("The transport integrity key, 16 raw bytes.", valueName: "file")) var tik:
    String?
  @Option(help: ArgumentHelp("The transport encryption key, 16 raw bytes.", valueName: "file")) var tek:
    String?
  @Option(help: ArgumentHelp("The measurement as the host reports it.", valueName: "base64")) var measurement:
    String?
  @Option(help: ArgumentHelp("The firmware's API major version.", valueName: "n")) var apiMajor: String?
  @Option(help: ArgumentHelp("The firmware's API minor version.", valueName: "n")) var apiMinor: String?
  @Option(help: ArgumentHelp("The firmware's build.", valueName: "n")) var buildId: String?
  @Option(help: ArgumentHelp("The launch policy, decimal or 0x….", valueName: "policy")) var policy: String?
  @Option(help: ArgumentHelp("The firmware image.", valueName: "file")) var firmware: String?
  @Option(help: ArgumentHelp("The kernel, with kernel hashes.", valueName: "file")) var kernel: String?
  @Option(help: ArgumentHelp("The initial RAM disk.", valueName: "file")) var initrd: String?
  @Option(help: ArgumentHelp("The kernel's command line.", valueName: "string")) var cmdline: String?
  @Option(help: ArgumentHelp("vCPUs of a SEV-ES guest.", valueName: "n")) var numCpus: String?
  @Option(help: ArgumentHelp("CPU family of a SEV-ES guest's CPU model.", valueName: "n")) var cpuFamily:
    String?
  @Option(help: ArgumentHelp("Its model number.", valueName: "n")) var cpuModel: String?
  @Option(help: ArgumentHelp("Its stepping.", valueName: "n")) var cpuStepping: String?
  @Option(help: ArgumentHelp("The expected launch digest, instead of the files.", valueName: "hex"))
  var digest: String?
  @Option(
    help: ArgumentHelp(
      "A reference value as 'measure record' recorded it, instead of them.", valueName: "name"))
  var reference: String?
  @Option(help: ArgumentHelp("SEV-ES register values: init (KVM's first) or init2.", valueName: "generation"))
  var vmsaGeneration: String?
  @OptionGroup var global: GlobalOptions

  func run() throws {
    _ = try VMSAOptions.generation(vmsaGeneration)  // wrong is wrong, also where nothing depends on it
    guard reference == nil || (digest == nil && (guest != nil || (firmware == nil && kernel == nil))) else {
      throw UsageError("--reference takes the place of --digest, --firmware and --kernel")
    }
    if let guest {
      guard tik == nil, measurement == nil else {
        throw UsageError("name a guest or give --tik and --measurement, not both")
      }
      let references = ReferenceFiles(
        firmware: firmware, kernel: kernel, initrd: initrd,
        generation: try VMSAOptions.generation(vmsaGeneration))
      let digest = try digest.map(DigestOption.parse)
      return try show(
        try global.core().verifyLaunch(guest, references, digest: digest, reference: reference))
    }
    if let reference {
      return try show(try global.core().verifyLaunch(try evidence(), reference: reference))
    }
    try show(try LaunchVerification.offline(try evidence(), try expectation()))
  }

  private func show(_ verification: LaunchVerification) throws {
    try global.show(.one(verification))
    if let mismatch = verification.failure { throw mismatch }
  }

  private func evidence() throws -> OfflineEvidence {
    func required(_ value: String?, _ name: String) throws -> String {
      guard let value else {
        throw UsageError("\(name) is missing", hint: "name a guest, or give every part")
      }
      return value
    }
    let measurement = try required(self.measurement, "--measurement")
    let major: UInt8 = try Number.unsigned(try required(apiMajor, "--api-major"), "--api-major")
    let minor: UInt8 = try Number.unsigned(try required(apiMinor, "--api-minor"), "--api-minor")
    let build: UInt8 = try Number.unsigned(try required(buildId, "--build-id"), "--build-id")
    return try OfflineEvidence(
      measurement: measurement, firmware: FirmwareVersion(apiMajor: major, apiMinor: minor, build: build),
      policy: try launchPolicy(), tikFile: try required(tik, "--tik"), tekFile: tek)
  }

  private func launchPolicy() throws -> SEVPolicy {
    guard let policy else {
      throw UsageError("--policy is missing", hint: "name a guest, or give every part")
    }
    return SEVPolicy(rawValue: try Number.unsigned(policy, "--policy"))
  }

  private func expectation() throws -> LaunchExpectation {
    if let digest {
      guard firmware == nil, kernel == nil else {
        throw UsageError("--digest takes the place of --firmware and --kernel")
      }
      return .digest(try DigestOption.parse(digest))
    }
    guard let firmware else { throw UsageError("--firmware or --digest is missing") }
    guard kernel != nil || (initrd == nil && cmdline == nil) else {
      throw UsageError("--initrd and --cmdline need --kernel")
    }
    return .launch(
      try MeasuredInputs(
        firmware: firmware, kernel: kernel, initrd: initrd, commandLine: cmdline, vcpus: try measuredVCPUs()))
  }

  /// What a SEV-ES policy needs to know of the vCPUs; nil for plain SEV, which measures none.
  private func measuredVCPUs() throws -> MeasuredVCPUs? {
    let given = [cpuFamily, cpuModel, cpuStepping].compactMap { $0 }
    guard given.isEmpty || given.count == 3 else {
      throw UsageError("--cpu-family, --cpu-model and --cpu-stepping go together")
    }
    guard try launchPolicy().es else { return nil }
    guard numCpus != nil else { throw UsageError("--num-cpus is missing: the policy asks for SEV-ES") }
    guard let signature = try signature(given) else {
      throw UsageError(
        "--cpu-family, --cpu-model and --cpu-stepping are missing: SEV-ES measures the CPU's signature")
    }
    return MeasuredVCPUs(
      count: try vcpus(), signature: signature, generation: try VMSAOptions.generation(vmsaGeneration))
  }

  private func vcpus() throws -> Int {
    guard let numCpus else { return 1 }
    let count: UInt32 = try Number.unsigned(numCpus, "--num-cpus")
    guard (1...4096).contains(count) else { throw UsageError("--num-cpus is a number between 1 and 4096") }
    return Int(count)
  }

  private func signature(_ given: [String]) throws -> CPUSignature? {
    guard given.count == 3 else { return nil }
    return try VMSAOptions.signature(
      family: try Number.unsigned(given[0], "--cpu-family"),
      model: try Number.unsigned(given[1], "--cpu-model"),
      stepping: try Number.unsigned(given[2], "--cpu-stepping"))
  }
}

/// `--digest`: 32 bytes of hexadecimal.
enum DigestOption {
  static func parse(_ text: String) throws -> [UInt8] {
    guard let bytes = Hex.decode(text), bytes.count == 32 else {
      throw UsageError("--digest is not 64 hexadecimal digits")
    }
    return bytes
  }
}
