import Bytes
import SEV

/// A predicted launch digest, and what it was predicted from.
package struct DigestPrediction: Encodable, Equatable, Sendable {
  package var guest: String?
  package var type: LaunchType
  /// Hex.
  package var digest: String
  /// Path of the image.
  package var firmware: String
  package var svsm: String?
  package var kernelHashes: Bool
  /// Path, or SHA-256 in hex where that was given.
  package var kernel: String?
  package var initrd: String?
  package var commandLine: String?
  package var vcpus: Int?
  package var cpuModel: String?
  package var cpuSignature: String?
  package var vmsaGeneration: String?
  package var vmm: String?
  /// As in `0x1`.
  package var guestFeatures: String?
  /// What is loaded, in order; nil unless asked for.
  package var steps: [Step]?
  package var simulated = false

  package struct Step: Encodable, Equatable, Sendable {
    package var content: String
    /// AMD's name; nil for SEV and SEV-ES, which know no types and measure no addresses.
    package var type: String?
    /// Guest physical address of the first page, as in `0xffc00000`.
    package var gpa: String?
    /// Bytes.
    package var size: Int
    /// The launch digest behind this step, hex.
    package var digest: String
  }

  init(
    _ request: DigestRequest, _ steps: [MeasuredStep], boot: DirectBoot?,
    processor: DigestRequest.Processor?, vcpus: Int?, measured: MeasuredVCPUs?, isExplained: Bool
  ) {
    guest = request.guest
    type = request.mode.type
    digest = Hex.encode(steps.last?.digest ?? [])
    firmware = request.firmware
    if case .snpSVSM(let image, _) = request.mode { svsm = image }
    kernelHashes = boot != nil
    kernel = boot?.kernel.text
    initrd = boot?.initrd?.text
    commandLine =
      switch boot?.commandLine {
      case .text(let text): text
      case .digest(let bytes): Hex.encode(bytes)
      case nil: nil
      }
    self.vcpus = vcpus
    cpuModel = measured == nil ? nil : processor?.name
    cpuSignature = measured == nil ? nil : processor?.signature.description
    vmsaGeneration = measured?.vmm == .qemu ? measured?.generation.rawValue : nil
    vmm = measured?.vmm.rawValue
    guestFeatures = measured.map { "0x" + String($0.features, radix: 16) }
    self.steps = isExplained ? steps.map(Step.init) : nil
  }
}

extension DigestPrediction.Step {
  init(_ step: MeasuredStep) {
    content = step.content.name
    type = step.type?.amdName
    gpa = step.address.map { "0x" + String($0, radix: 16) }
    size = step.size
    digest = Hex.encode(step.digest)
  }
}
