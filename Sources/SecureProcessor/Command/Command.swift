package import SEV

/// A command as a host puts it into the AMD-SP's mailbox, with the buffers' sizes where the firmware checks
/// them.
package enum Command: Sendable {
  case initialize(InitRequest)
  case shutdown
  case platformReset
  case platformStatus
  case pekGenerate
  case pekCSR(length: Int)
  case pekCertificateImport(pek: [UInt8], oca: [UInt8])
  case pdhCertificateExport(pdhLength: Int, chainLength: Int)
  case pdhGenerate
  case dataFabricFlush
  case getID(length: Int)
  case nop
  case decommission(GuestHandle)
  case activate(GuestHandle, asid: UInt32)
  case deactivate(GuestHandle)
  case guestStatus(GuestHandle)
  case launchStart(LaunchStart)
  case launchUpdateData(GuestHandle, address: UInt64, count: Int)
  case launchUpdateVMSA(GuestHandle, address: UInt64, count: Int)
  case launchMeasure(GuestHandle, length: Int)
  case launchSecret(LaunchSecret)
  case launchFinish(GuestHandle)
  case attestation(GuestHandle, nonce: [UInt8], length: Int)
  case debugDecrypt(GuestHandle, from: UInt64, to: UInt64, count: Int)
  case debugEncrypt(GuestHandle, from: UInt64, to: UInt64, count: Int)
  /// A number that this firmware does not know.
  case unknown(UInt32)
}

/// The AMD-SP's answer to a command that succeeded.
package enum Reply: Equatable, Sendable {
  case done
  case platformStatus(PlatformStatus)
  case guestStatus(GuestStatus)
  case handle(GuestHandle)
  /// Certificates, identity, measurement or report as the firmware writes them into the caller's buffer.
  case bytes([UInt8])
  case chain(pdh: [UInt8], chain: [UInt8])
}
