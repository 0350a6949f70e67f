import Bytes
import CVMCore
import SEV

extension MeasuredLaunchOptions {
  /// The owner's own copies of what a definition names. What only a launch without a definition has is refused.
  func references() throws -> ReferenceFiles {
    try refuse(
      [
        ("--vcpus", vcpus != nil), ("--vcpu-type", !vcpuType.isEmpty), ("--vcpu-family", vcpuFamily != nil),
        ("--vcpu-model", vcpuModel != nil), ("--vcpu-stepping", vcpuStepping != nil),
        ("--kernel-hash", !kernelHash.isEmpty), ("--initrd-hash", !initrdHash.isEmpty),
        ("--append", !append.isEmpty), ("--append-hash", !appendHash.isEmpty),
        ("--vmm-type", vmmType != .qemu),
        ("--ovmf-hash", ovmfHash), ("--snp-ovmf-hash", snpOvmfHash != nil), ("--svsm", svsm != nil),
        ("--vars-file", varsFile != nil), ("--vars-size", varsSize != nil),
      ], "the definition says it")
    guard kernel.count <= 1, initrd.count <= 1 else {
      throw UsageError("a definition has one kernel and one initial RAM disk")
    }
    return ReferenceFiles(
      firmware: ovmf, kernel: kernel.first, initrd: initrd.first,
      generation: try VMSAOptions.generation(vmsaGeneration), guestFeatures: try features(),
      signature: try VMSAOptions.signature(vcpuSig))
  }

  /// What the options ask for, and whether they ask for several launches.
  func request() throws -> (DigestRequest, isSweep: Bool) {
    guard let ovmf else { throw UsageError("--ovmf is missing") }
    var request = DigestRequest(try requestMode(), firmware: ovmf)
    request.boots = try boots()
    request.vmm = vmmType
    request.features = try features()
    request.generation = try VMSAOptions.generation(vmsaGeneration)
    try checkMode(request)
    guard request.mode != .snpFirmware else { return (request, false) }
    request.firmwareDigest = try snpOvmfHash.map { try digest($0, 48, "--snp-ovmf-hash") }
    let counts = try vcpus.map(VCPUCounts.init)
    request.vcpus = counts?.values ?? []
    request.processors = try processors()
    if request.mode != .sev {
      guard counts != nil else { throw UsageError("--vcpus is missing: the launch measures each vCPU") }
      guard !vmmType.measuresSignature || !request.processors.isEmpty else {
        throw UsageError(
          "--vcpu-type is missing: the launch measures the CPU's signature", hint: "or --vcpu-sig")
      }
    }
    return (request, counts?.isList == true || request.processors.count > 1 || request.boots.count > 1)
  }

  private func requestMode() throws -> DigestRequest.Mode {
    if mode != .sevSNPSVSM {
      try refuse(
        [("--svsm", svsm != nil), ("--vars-file", varsFile != nil), ("--vars-size", varsSize != nil)],
        "it belongs to --mode sev-snp-svsm")
    }
    switch mode {
    case .sev: return .sev
    case .sevES: return .sevES
    case .sevSNP, nil: return ovmfHash ? .snpFirmware : .sevSNP
    case .snpFirmware: return .snpFirmware
    case .sevSNPSVSM:
      guard let svsm else { throw UsageError("--svsm is missing") }
      guard (varsFile == nil) != (varsSize == nil) else {
        throw UsageError("--mode sev-snp-svsm takes --vars-file or --vars-size")
      }
      if let varsFile { return .snpSVSM(image: svsm, variables: .file(varsFile)) }
      let size: UInt32 = try Number.unsigned(varsSize ?? "", "--vars-size")
      return .snpSVSM(image: svsm, variables: .size(Int(size)))
    }
  }

  /// Options that a mode does not have are refused: who gives them expects another digest.
  private func checkMode(_ request: DigestRequest) throws {
    let isSVSM = mode == .sevSNPSVSM
    if request.mode != .sevSNP {
      try refuse([("--snp-ovmf-hash", snpOvmfHash != nil)], "it belongs to --mode sev-snp")
    }
    if request.mode.type != .sevSNP {
      try refuse([("--ovmf-hash", ovmfHash)], "it belongs to --mode sev-snp")
    }
    if isSVSM {
      try refuse(
        [
          ("--kernel", !request.boots.isEmpty), ("--vmm-type", vmmType != .qemu), ("--ovmf-hash", ovmfHash),
          ("--guest-features", request.features.map { $0 != 1 } ?? false),
        ], "not with an SVSM")
    }
    if mode != .sevES || vmmType != .qemu {
      guard vmsaGeneration == nil || request.generation == .init2 && request.mode.type == .sevSNP else {
        throw UsageError("--vmsa-generation is for SEV-ES under QEMU")
      }
    }
  }

  private func features() throws -> UInt64? {
    try guestFeatures.map { try Number.unsigned($0, "--guest-features") }
  }

  /// Kernels outside, command lines inside.
  private func boots() throws -> [DirectBoot] {
    let kernels =
      try kernel.map(HashedInput.file) + kernelHash.map { .digest(try digest($0, 32, "--kernel-hash")) }
    let disks =
      try initrd.map(HashedInput.file) + initrdHash.map { .digest(try digest($0, 32, "--initrd-hash")) }
    let lines =
      try append.map(DirectBoot.CommandLine.text)
      + appendHash.map { .digest(try digest($0, 32, "--append-hash")) }
    guard !kernels.isEmpty || (disks.isEmpty && lines.isEmpty) else {
      throw UsageError("--initrd and --append need --kernel")
    }
    guard disks.count <= 1 || disks.count == kernels.count else {
      throw UsageError(
        "\(disks.count) initial RAM disks for \(kernels.count) kernels: give one, or one a kernel")
    }
    return kernels.enumerated().flatMap { index, kernel in
      let disk = disks.count > 1 ? disks[index] : disks.first
      return (lines.isEmpty ? [nil] : lines.map(Optional.some)).map {
        DirectBoot(kernel: kernel, initrd: disk, commandLine: $0)
      }
    }
  }

  /// A signature, given as a number or in parts, takes the place of the model's.
  private func processors() throws -> [DigestRequest.Processor] {
    let types = vcpuType.flatMap {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let named = try types.map { name in
      guard let signature = CPUSignature(model: name) else {
        throw UsageError(
          "--vcpu-type: no CPU model '\(name)'",
          hint: "models: " + CPUSignature.modelNames.joined(separator: ", "))
      }
      return DigestRequest.Processor(name: name, signature: signature)
    }
    let parts = [vcpuFamily, vcpuModel, vcpuStepping].compactMap { $0 }
    guard vcpuSig != nil || !parts.isEmpty else { return named }
    guard named.count <= 1 else { throw UsageError("a signature goes with one --vcpu-type at most") }
    guard vcpuSig == nil || parts.isEmpty else {
      throw UsageError("--vcpu-sig and --vcpu-family exclude each other")
    }
    let signature: CPUSignature
    if let given = try VMSAOptions.signature(vcpuSig) {
      signature = given
    } else {
      guard parts.count == 3 else {
        throw UsageError("--vcpu-family, --vcpu-model and --vcpu-stepping go together")
      }
      signature = try VMSAOptions.signature(
        family: try Number.unsigned(parts[0], "--vcpu-family"),
        model: try Number.unsigned(parts[1], "--vcpu-model"),
        stepping: try Number.unsigned(parts[2], "--vcpu-stepping"))
    }
    return [DigestRequest.Processor(name: signature.description, signature: signature)]
  }

  private func digest(_ text: String, _ size: Int, _ option: String) throws -> [UInt8] {
    guard let bytes = Hex.decode(text), bytes.count == size else {
      throw UsageError("\(option) is not \(2 * size) hexadecimal digits")
    }
    return bytes
  }

  private func refuse(_ given: [(name: String, isGiven: Bool)], _ reason: String) throws {
    if let option = given.first(where: \.isGiven) { throw UsageError("\(option.name): \(reason)") }
  }
}

/// `4`, `1,2,4` or `1-8,16`.
struct VCPUCounts: Equatable {
  private(set) var values: [Int] = []
  /// Written as a list or a range, which asks for a line a launch.
  let isList: Bool

  private static let limit = 65_536

  init(_ text: String) throws {
    isList = text.contains(",") || text.contains("-")
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = Self.count(ends[0]), let last = Self.count(ends[ends.count - 1]), first <= last else {
        throw UsageError("--vcpus: '\(text)' is neither a number of vCPUs nor a list as 1,2,4-8")
      }
      values += first...last
      guard values.count <= Self.limit else { throw UsageError("--vcpus: more than \(Self.limit) launches") }
    }
  }

  private static func count(_ text: Substring) -> Int? {
    guard let count = Int(text), !text.hasPrefix("+"), (1...VMSA.vcpuLimit).contains(count) else {
      return nil
    }
    return count
  }
}
