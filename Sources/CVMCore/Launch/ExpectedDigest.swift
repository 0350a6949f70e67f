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
  /// SEV_FEATURES of the VMSAs, where they are not the type's usual ones: kernels 6.6 and 6.7 with DebugSwap set bit 5 for SEV-ES
  /// guests too.
  package var guestFeatures: UInt64?
  /// The CPU signature, where the definition leaves it to the host.
  package var signature: CPUSignature?

  package init(
    firmware: String? = nil, kernel: String? = nil, initrd: String? = nil,
    generation: VMSAGeneration = .initial, guestFeatures: UInt64? = nil, signature: CPUSignature? = nil
  ) {
    self.firmware = firmware
    self.kernel = kernel
    self.initrd = initrd
    self.generation = generation
    self.guestFeatures = guestFeatures
    self.signature = signature
  }
}

extension ReferenceFiles {
  func firmware(of definition: GuestDefinition) throws(CoreError) -> String {
    guard let path = firmware ?? definition.loader?.path else {
      throw .usage(
        definition.autoselectsFirmware
          ? "guest '\(definition.name)' leaves the firmware to libvirt"
          : "guest '\(definition.name)' names no firmware",
        hint: "name one firmware file in the definition: its digest is what the owner vouches for")
    }
    return path
  }

  /// `hostSignature` is asked only where the definition leaves the CPU to the host.
  func signature(
    of definition: GuestDefinition, hostSignature: () -> CPUSignature?
  ) throws(CoreError) -> CPUSignature {
    guard let signature = signature ?? definition.cpuSignature(host: hostSignature()) else {
      throw .usage(
        "guest '\(definition.name)' leaves its CPU model to the host, and the launch measures it",
        hint: "name a model such as EPYC-Milan in the definition, or give --vcpu-sig")
    }
    return signature
  }
}

extension GuestDefinition {
  func requireLaunchSecurity() throws(CoreError) -> LaunchSecurity {
    guard let launchSecurity else {
      throw .usage("guest '\(name)' has no launch security: nothing measures it")
    }
    return launchSecurity
  }
}

extension MeasuredInputs {
  /// Reads what the definition names. `hostSignature` is asked only where the definition leaves the CPU to the host.
  package init(
    _ definition: GuestDefinition, _ references: ReferenceFiles, hostSignature: () -> CPUSignature?
  ) throws(CoreError) {
    let security = try definition.requireLaunchSecurity()
    guard security.type != .sevSNP else {
      throw .unsupported("SEV-SNP guests are measured, but not launched, by this version")
    }
    firmwarePath = try references.firmware(of: definition)
    let firmware = try MeasuredFirmware(file: firmwarePath)
    let kernel = security.kernelHashes ? try Self.kernel(definition, references) : nil
    guard security.type == .sevES else {
      launch = MeasuredLaunch(firmware: firmware, kernel: kernel)
      return
    }
    let signature = try references.signature(of: definition, hostSignature: hostSignature)
    launch = MeasuredLaunch(
      firmware: firmware, kernel: kernel,
      vcpus: MeasuredVCPUs(
        count: definition.vcpus, signature: signature, generation: references.generation,
        features: references.guestFeatures ?? 0))
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
