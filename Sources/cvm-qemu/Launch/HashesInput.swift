import CVMCrypto
import SEV

/// Kernel, initrd and command line of a measured direct boot, and where the firmware wants the table of their hashes.
struct HashesInput {
  let area: FirmwareArea
  /// The table that is measured: of the files, as on hardware.
  let measured: [UInt8]
  private let kernel: [UInt8]
  private let initrd: [UInt8]?
  private let commandLine: String?

  /// Bytes.
  private static let fileLimit = 1 << 30

  init(_ plan: KernelPlan, area: FirmwareArea) throws(LaunchRefusal) {
    self.area = area
    kernel = try LaunchInput.read(plan.kernel, limit: Self.fileLimit)
    initrd = try plan.initrd.map { file throws(LaunchRefusal) in
      try LaunchInput.read(file, limit: Self.fileLimit)
    }
    commandLine = plan.commandLine
    measured = try Self.table(kernel, initrd, commandLine)
  }

  /// The table that the guest's firmware finds in its memory. It is the measured one, except below a QEMU before
  /// version 10: without SEV that QEMU hands the firmware a kernel whose header it has changed, so the firmware, which
  /// checks what it gets, needs the hash of that. On hardware the two are one table.
  func forGuest(emulator version: QEMUVersion, lowMemory: UInt64) throws(LaunchRefusal) -> [UInt8] {
    guard version < QEMUVersion.unpatchedKernel,
      let patched = BootProtocol.patched(kernel, initrd: initrd?.count, lowMemory: lowMemory)
    else { return measured }
    return try Self.table(patched, initrd, commandLine)
  }

  private static func table(
    _ kernel: [UInt8], _ initrd: [UInt8]?, _ commandLine: String?
  ) throws(LaunchRefusal) -> [UInt8] {
    do { return try KernelHashes(kernel: kernel, initrd: initrd, commandLine: commandLine).table } catch {
      throw .crypto(reason: error.summary)
    }
  }
}
