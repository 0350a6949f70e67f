package import Attestation
import Bytes
import CVMCrypto
package import SEV

/// The files and facts that a launch digest is made from, read once: what was hashed is what was looked at.
package struct MeasuredInputs: Sendable {
  package var launch: MeasuredLaunch
  package var firmwarePath: String

  /// The launch digest that the AMD-SP will compute, 32 bytes.
  package func digest() throws(CoreError) -> [UInt8] {
    do {
      return try launch.digest()
    } catch {
      throw .unmeasurable(source: firmwarePath, error)
    }
  }

  /// SHA-256 of the firmware file, hex. Where nothing else is measured, the launch digest is just that.
  func firmwareDigest(launchDigest: [UInt8]) throws(CoreError) -> String {
    guard launch.kernel != nil || launch.vcpus != nil else { return Hex.encode(launchDigest) }
    return Hex.encode(launch.firmware.digest)
  }

  /// Holds what a host says of a launch against these inputs.
  func appraise(
    _ evidence: LaunchEvidence, policy: SEVPolicy, tik: SecretBytes
  ) throws(CoreError) -> (verdict: LaunchAppraisal, expected: LaunchMeasurement) {
    let reference: LaunchReference
    do {
      reference = try LaunchReference(policy: policy, firmware: .any, launch: launch)
    } catch {
      throw .unmeasurable(source: firmwarePath, error)
    }
    return try LaunchVerification.appraise(evidence, reference, tik: tik)
  }
}

/// Where a guest owner's own copies of the measured files are, when they are not where the definition says: a remote host's paths
/// are never ours.
package struct ReferenceFiles: Equatable, Sendable {
  package var firmware: String?
  package var kernel: String?
  package var initrd: String?
  package var generation: VMSAGeneration
  /// SEV_FEATURES of the VMSAs: kernels 6.6 and 6.7 with DebugSwap set bit 5 for SEV-ES guests too.
  package var guestFeatures: UInt64
  /// The CPU signature, where the definition leaves it to the host.
  package var signature: CPUSignature?

  package init(
    firmware: String? = nil, kernel: String? = nil, initrd: String? = nil,
    generation: VMSAGeneration = .initial, guestFeatures: UInt64 = 0, signature: CPUSignature? = nil
  ) {
    self.firmware = firmware
    self.kernel = kernel
    self.initrd = initrd
    self.generation = generation
    self.guestFeatures = guestFeatures
    self.signature = signature
  }
}

extension MeasuredInputs {
  /// Reads what the definition names. `hostSignature` is asked only where the definition leaves the CPU to the host.
  package init(
    _ definition: GuestDefinition, _ references: ReferenceFiles, hostSignature: () -> CPUSignature?
  ) throws(CoreError) {
    guard let security = definition.launchSecurity else {
      throw .usage("guest '\(definition.name)' has no launch security: nothing measures it")
    }
    guard security.type != .sevSNP else {
      throw .unsupported("the launch digest of SEV-SNP guests is not supported by this version")
    }
    guard let path = references.firmware ?? definition.loader?.path else {
      throw .usage(
        definition.autoselectsFirmware
          ? "guest '\(definition.name)' leaves the firmware to libvirt"
          : "guest '\(definition.name)' names no firmware",
        hint: "name one firmware file in the definition: its digest is what the owner vouches for")
    }
    firmwarePath = path
    let firmware = try MeasuredFirmware(file: path)
    let kernel = security.kernelHashes ? try Self.kernel(definition, references) : nil
    guard security.type == .sevES else {
      launch = MeasuredLaunch(firmware: firmware, kernel: kernel)
      return
    }
    guard let signature = references.signature ?? definition.cpuSignature(host: hostSignature()) else {
      throw .usage(
        "guest '\(definition.name)' leaves its CPU model to the host, and SEV-ES measures it",
        hint: "name a model such as EPYC-Milan in the definition, or give --vcpu-sig")
    }
    launch = MeasuredLaunch(
      firmware: firmware, kernel: kernel,
      vcpus: MeasuredVCPUs(
        count: definition.vcpus, signature: signature, generation: references.generation,
        features: references.guestFeatures))
  }

  private static func kernel(
    _ definition: GuestDefinition, _ references: ReferenceFiles
  ) throws(CoreError) -> KernelHashes? {
    guard let kernel = references.kernel ?? definition.kernel else { return nil }
    return try hashes(
      kernel: kernel, initrd: references.initrd ?? definition.initrd, commandLine: definition.commandLine)
  }

  static func hashes(kernel: String, initrd: String?, commandLine: String?) throws(CoreError) -> KernelHashes
  {
    let image = try InputFile.digest(kernel, limit: InputFile.kernelLimit)
    let disk = try initrd.map { path throws(CoreError) in
      try InputFile.digest(path, limit: InputFile.kernelLimit)
    }
    do {
      return try KernelHashes(
        kernelDigest: image, initrdDigest: disk,
        commandLineDigest: try KernelHashes.digest(ofCommandLine: commandLine ?? ""))
    } catch {
      throw .crypto(error)
    }
  }
}
