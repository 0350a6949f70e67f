import SEV

/// Why an SEV guest is not started. Where QEMU or the firmware refuses on hardware, the text is QEMU's (7.2,
/// target/i386/sev.c), as libvirt and its users know it; the rest is what this simulation does not do.
enum LaunchRefusal: Error, Equatable {
  // The command line.
  case snp
  case badObject
  case badProperty(String)
  case unknownProperty(String)
  case severalObjects
  case objectUnused(String)
  case severalMachines
  case keySharing
  case migration
  case optionRefused(String)
  case severalMonitors
  case badMonitor
  case severalMemories
  case badMemory
  case badProcessorCount
  case unknownProcessor(String)
  case noKernelInterruptController

  // The firmware.
  case noFirmware
  case noBlockNode(String)
  case firmwareNotRaw
  case badFirmwareSize(String)
  case noFirmwareTable
  case badFirmwareTable(reason: String)
  case zeroResetAddress
  case noHashesArea
  case badHashesArea(base: UInt32, size: UInt32)

  // The platform and its firmware.
  case unreadable(file: String, reason: String)
  case unreadableCertificate(file: String, reason: String)
  case platform(directory: String, reason: String)
  case cBitPosition(host: UInt32, requested: UInt32)
  case reducedPhysBits(UInt32)
  case esUnavailable
  case noFreeASID
  case unknownEmulator(String)
  case hashesNotMapped
  case command(LaunchCommand, FirmwareStatus)
  case crypto(reason: String)

  // The wrapper's own doing.
  case configuration(ConfigurationError)
  case system(SystemError)
  /// The launch ended without a word: the proxy process died.
  case proxyDied

  /// For standard error; QEMU reports some failures in two lines.
  var lines: [String] {
    switch self {
    case .command(let command, let status):
      ["\(command.function): \(command.name) ret=\(command.result) \(status.qemuText)"] + command.consequence
    case .unreadableCertificate: [text] + LaunchCommand.start.consequence
    default: [text]
    }
  }

  private var text: String {
    switch self {
    case .snp: "SEV-SNP is not simulated; without it this guest must not run"
    case .badObject: "an SEV object that is no JSON"
    case .badProperty(let name): "sev-guest: invalid value of property '\(name)'"
    case .unknownProperty(let name): "Property 'sev-guest.\(name)' not found"
    case .severalObjects: "more than one sev-guest object"
    case .objectUnused(let id):
      "no machine has confidential-guest-support=\(id): the guest would run unprotected"
    case .severalMachines: "more than one -machine"
    case .keySharing: "sev-guest: a shared key (handle) is not simulated"
    case .migration: "SEV: Migration is not implemented"
    case .optionRefused(let name): "-\(name) is not possible with a simulated SEV guest"
    case .severalMonitors: "a simulated SEV guest takes one QMP monitor and no other"
    case .badMonitor: "the monitor of a simulated SEV guest must be a QMP socket that QEMU listens on"
    case .severalMemories: "NUMA nodes are not simulated for an SEV guest"
    case .badMemory: "the guest's memory has no backend of a known size"
    case .badProcessorCount: "-smp: a number of vCPUs from 1 to \(ProcessorPlan.most) is needed"
    case .unknownProcessor(let model):
      "the CPUID signature of CPU model '\(model)' is not known, so its SEV-ES VMSA cannot be made; name another model"
    case .noKernelInterruptController: "sev_kvm_init: SEV-ES guests require in-kernel irqchip support"
    case .noFirmware: "an SEV guest needs a firmware: pflash unit 0 or -bios"
    case .noBlockNode(let name): "Cannot find device='\(name)' nor node-name='\(name)'"
    case .firmwareNotRaw: "the firmware must be a whole file in raw format"
    case .badFirmwareSize(let file): "qemu: could not load PC BIOS '\(file)'"
    case .noFirmwareTable: "SEV information block/Firmware GUID Table block not found in pflash rom"
    case .badFirmwareTable(let reason): "the firmware's GUIDed table is damaged: \(reason)"
    case .zeroResetAddress: "SEV-ES reset address is zero"
    case .noHashesArea: "SEV: kernel specified but guest firmware has no hashes table GUID"
    case .badHashesArea(let base, let size):
      "SEV: guest firmware hashes table area is invalid (base=0x\(hexadecimal(base)) size=0x\(hexadecimal(size)))"
    case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
    case .unreadableCertificate(let file, let reason): "SEV: Failed to read '\(file)' (\(reason))"
    case .platform(let directory, let reason): "the simulated AMD-SP in \(directory) is not usable: \(reason)"
    case .cBitPosition(let host, let requested):
      "sev_kvm_init: cbitpos check failed, host '\(host)' requested '\(requested)'"
    case .reducedPhysBits(let requested):
      "sev_kvm_init: reduced_phys_bits check failed, it should be in the range of 1 to 63, requested '\(requested)'"
    case .esUnavailable:
      "sev_kvm_init: guest policy requires SEV-ES, but host SEV-ES support unavailable"
    case .noFreeASID: "sev_kvm_init: failed to initialize ret=-16 fw_error=0 ''"
    case .unknownEmulator(let file): "\(file) does not tell its version"
    case .hashesNotMapped: "SEV: cannot map hashes table guest memory area"
    case .command(let command, let status): "\(command.name): \(status.qemuText)"
    case .crypto(let reason): "libcrypto failed: \(reason)"
    case .configuration(let error): error.summary
    case .system(let error): error.summary
    case .proxyDied: "the process that simulates the AMD-SP ended before the launch was done"
    }
  }

  private func hexadecimal(_ value: UInt32) -> String { String(value, radix: 16) }
}

/// The commands of a launch as QEMU reports their failure.
enum LaunchCommand: Equatable {
  case start
  case updateData
  case updateVMSA
  case measure
  case finish

  /// KVM's name of the command.
  var name: String {
    switch self {
    case .start: "LAUNCH_START"
    case .updateData: "LAUNCH_UPDATE"
    case .updateVMSA: "LAUNCH_UPDATE_VMSA"
    case .measure: "LAUNCH_MEASURE"
    case .finish: "LAUNCH_FINISH"
    }
  }

  /// QEMU's function that makes the report.
  var function: String {
    switch self {
    case .start: "sev_launch_start"
    case .updateData: "sev_launch_update_data"
    case .updateVMSA: "sev_launch_update_vmsa"
    case .measure: "sev_launch_get_measure"
    case .finish: "sev_launch_finish"
    }
  }

  /// KVM answers -EIO when the firmware refuses; at LAUNCH_START QEMU prints 1 whatever KVM said.
  var result: Int { self == .start ? 1 : -5 }

  /// What QEMU prints after it.
  var consequence: [String] {
    switch self {
    case .start: ["sev_kvm_init: failed to create encryption context"]
    case .updateData: ["SEV: Failed to encrypt pflash rom"]
    case .updateVMSA, .measure, .finish: []
    }
  }
}
