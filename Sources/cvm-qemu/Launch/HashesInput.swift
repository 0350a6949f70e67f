import CVMCrypto
import SEV

/// Kernel, initrd and command line of a measured direct boot, and where the firmware wants the table of their hashes.
struct HashesInput {
  let area: FirmwareArea
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
  }

  /// The table that is measured: of the files, as on hardware.
  func measured() throws(CryptoError) -> [UInt8] {
    try KernelHashes(kernel: kernel, initrd: initrd, commandLine: commandLine).table
  }

  /// The table that the guest's firmware finds in its memory. It is the measured one, except below a QEMU before
  /// version 10: without SEV that QEMU hands the firmware a kernel whose header it has changed, so the firmware, which
  /// checks what it gets, needs the hash of that. On hardware the two are one table.
  func forGuest(emulator version: QEMUVersion, lowMemory: UInt64) throws(CryptoError) -> [UInt8] {
    guard version < QEMUVersion.unpatchedKernel,
      let patched = BootProtocol.patched(kernel, initrd: initrd?.count, lowMemory: lowMemory)
    else { return try measured() }
    return try KernelHashes(kernel: patched, initrd: initrd, commandLine: commandLine).table
  }
}
