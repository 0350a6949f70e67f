import CVMCore
import SEV
import SecureProcessor

/// What QEMU 7.2 prints when a SEV launch fails (target/i386/sev.c), which is what libvirt hands on and what
/// people find when they search for it.
extension BackendError {
  static func launch(_ reason: String) -> BackendError { .launchFailed(reason: reason, status: nil) }

  static func cbitPosition(host: UInt32, requested: UInt32) -> BackendError {
    launch("sev_kvm_init: cbitpos check failed, host '\(host)' requested '\(requested)'")
  }

  static func reducedPhysicalBits(_ requested: UInt32) -> BackendError {
    let rule = "it should be in the range of 1 to 63"
    return launch("sev_kvm_init: reduced_phys_bits check failed, \(rule), requested '\(requested)'")
  }

  /// QEMU sees it before the firmware would say UNSUPPORTED (SEV API, LAUNCH_START).
  static let esUnavailable = BackendError.launchFailed(
    reason: "sev_kvm_init: guest policy requires SEV-ES, but host SEV-ES support unavailable",
    status: FirmwareStatus.unsupported.rawValue)

  static let noResetBlock = launch("SEV information block/Firmware GUID Table block not found in pflash rom")
  static let zeroResetAddress = launch("SEV-ES reset address is zero")
  static let noHashArea = launch("SEV: kernel specified but guest firmware has no hashes table GUID")

  static func hashArea(_ area: FirmwareArea) -> BackendError {
    let (base, size) = (String(area.base, radix: 16), String(area.size, radix: 16))
    return launch("SEV: guest firmware hashes table area is invalid (base=0x\(base) size=0x\(size))")
  }

  /// A command that the firmware refused.
  static func refused(_ command: CommandID, _ failure: CommandFailure) -> BackendError {
    let (function, name, result) = command.inQEMU
    let status = failure.status
    return .launchFailed(
      reason: "\(function): \(name) ret=\(result) fw_error=\(status.rawValue) '\(status.qemuWords)'",
      status: status.rawValue)
  }

  /// LAUNCH_SECRET.
  static func secretRefused(_ failure: CommandFailure) -> BackendError {
    let status = failure.status
    return .launchFailed(
      reason: "SEV: failed to inject secret ret=-5 fw_error=\(status.rawValue) '\(status.qemuWords)'",
      status: status.rawValue)
  }
}

extension CommandID {
  /// QEMU's function, KVM's name of the command, and what the function prints as result: 1 at LAUNCH_START
  /// whatever KVM said, else -EIO.
  fileprivate var inQEMU: (function: String, name: String, result: Int) {
    switch self {
    case .launchStart, .activate: ("sev_launch_start", "LAUNCH_START", 1)
    case .launchUpdateData: ("sev_launch_update_data", "LAUNCH_UPDATE", -5)
    case .launchUpdateVMSA: ("sev_launch_update_vmsa", "LAUNCH_UPDATE_VMSA", -5)
    case .launchMeasure: ("sev_launch_get_measure", "LAUNCH_MEASURE", -5)
    case .launchFinish: ("sev_launch_finish", "LAUNCH_FINISH", -5)
    default: ("sev_ioctl", amdName, -5)
    }
  }
}
