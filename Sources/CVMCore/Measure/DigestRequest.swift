import Bytes
package import SEV

/// What launch digests are asked for: one launch for each combination of direct boots, processors and vCPU counts.
package struct DigestRequest: Equatable, Sendable {
  /// The guest of whose definition it is; nil where options say everything.
  package var guest: String?
  package var mode: Mode
  /// Path of the firmware image.
  package var firmware: String
  /// SEV-SNP: the digest behind the firmware's pages, 48 bytes, taken in place of them.
  package var firmwareDigest: [UInt8]?
  /// Empty: nothing is booted directly, or nothing of it measured.
  package var boots: [DirectBoot] = []
  /// Empty: the firmware's digest alone, or plain SEV.
  package var vcpus: [Int] = []
  /// Empty where the CPU is not measured.
  package var processors: [Processor] = []
  package var generation: VMSAGeneration = .initial
  /// SEV_FEATURES; nil is the type's own value.
  package var features: UInt64?
  package var vmm: VMM = .qemu

  package enum Mode: Equatable, Sendable {
    case sev, sevES, sevSNP
    /// SEV-SNP's digest behind the firmware.
    case snpFirmware
    /// Coconut's SVSM in an image of its own, below the firmware and its variables.
    case snpSVSM(image: String, variables: Variables)

    package var type: LaunchType {
      switch self {
      case .sev: .sev
      case .sevES: .sevES
      case .sevSNP, .snpFirmware, .snpSVSM: .sevSNP
      }
    }
  }

  /// The space for a firmware's variables, of which the size alone counts.
  package enum Variables: Equatable, Sendable {
    case file(String)
    /// Bytes.
    case size(Int)
  }

  /// A guest's CPU: how it was named, and what is measured of it.
  package struct Processor: Equatable, Sendable {
    package var name: String
    package var signature: CPUSignature

    package init(name: String, signature: CPUSignature) {
      self.name = name
      self.signature = signature
    }
  }

  package init(_ mode: Mode, firmware: String) {
    self.mode = mode
    self.firmware = firmware
  }
}

/// A kernel that a firmware boots directly, with what belongs to it.
package struct DirectBoot: Equatable, Sendable {
  package var kernel: HashedInput
  package var initrd: HashedInput?
  package var commandLine: CommandLine?

  package enum CommandLine: Equatable, Sendable {
    case text(String)
    /// SHA-256 of the text and one NUL.
    case digest([UInt8])
  }

  package init(kernel: HashedInput, initrd: HashedInput? = nil, commandLine: CommandLine? = nil) {
    self.kernel = kernel
    self.initrd = initrd
    self.commandLine = commandLine
  }
}

/// A file of which the hash alone is measured.
package enum HashedInput: Hashable, Sendable {
  case file(String)
  /// SHA-256, 32 bytes.
  case digest([UInt8])

  /// The file's path, or the hash in hex.
  var text: String {
    switch self {
    case .file(let path): path
    case .digest(let bytes): Hex.encode(bytes)
    }
  }
}

extension DigestRequest {
  /// What a definition says, and the owner's own copies of its files. `hostSignature` is asked only where the definition leaves the
  /// CPU to the host.
  init(
    _ definition: GuestDefinition, _ references: ReferenceFiles, hostSignature: () -> CPUSignature?
  ) throws(CoreError) {
    let security = try definition.requireLaunchSecurity()
    let mode: Mode =
      switch security.type {
      case .sev: .sev
      case .sevES: .sevES
      case .sevSNP: .sevSNP
      }
    self.init(mode, firmware: try references.firmware(of: definition))
    guest = definition.name
    vcpus = [definition.vcpus]
    generation = references.generation
    features = references.guestFeatures
    if security.kernelHashes, let kernel = references.kernel ?? definition.kernel {
      let initrd = references.initrd ?? definition.initrd
      boots = [
        DirectBoot(
          kernel: .file(kernel), initrd: initrd.map { .file($0) },
          commandLine: definition.commandLine.map { .text($0) })
      ]
    }
    guard mode != .sev else { return }
    let signature = try references.signature(of: definition, hostSignature: hostSignature)
    let name = if case .named(let model) = definition.cpu { model } else { signature.description }
    processors = [
      Processor(name: references.signature == nil ? name : signature.description, signature: signature)
    ]
  }
}
