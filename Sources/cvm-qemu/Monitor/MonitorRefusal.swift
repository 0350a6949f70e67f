import SEV

/// Why a monitor command is answered with an error. The texts are QEMU's where QEMU has one (7.2,
/// target/i386/sev.c, qapi); all are of class GenericError.
enum MonitorRefusal: Error, Equatable {
  case notJSON
  case noOutOfBand
  case missingParameter(String)
  case wrongType(String, expected: String)
  case unexpectedParameter(String)
  /// `state` is the number of QEMU's SevState.
  case notInSecretState(state: Int)
  case undecodableHeader
  case undecodableSecret
  case noSecretArea
  case badAddress(GuestAddressError)
  case injection(FirmwareStatus)
  case nonceLength(Int)
  case report(FirmwareStatus)
  case finish(FirmwareStatus)
  case capabilities(FirmwareStatus)
  case query(FirmwareStatus)
  case migration
  case memoryNotReadable
  /// The platform's own files failed.
  case platform(reason: String)

  var text: String {
    switch self {
    case .notJSON: "JSON parse error"
    case .noOutOfBand: "Capability oob not available"
    case .missingParameter(let name): "Parameter '\(name)' is missing"
    case .wrongType(let name, let expected): "Invalid parameter type for '\(name)', expected: \(expected)"
    case .unexpectedParameter(let name): "Parameter '\(name)' is unexpected"
    case .notInSecretState(let state): "SEV: Not in correct state. (LSECRET) \(String(state, radix: 16))"
    case .undecodableHeader: "SEV: Failed to decode sequence header"
    case .undecodableSecret: "SEV: Failed to decode data"
    case .noSecretArea: "SEV: no secret area found in OVMF, gpa must be specified."
    case .badAddress(let error): "SEV: Failed to calculate guest address: \(error.summary)"
    case .injection(let status): "SEV: failed to inject secret ret=-5 \(status.qemuText)"
    case .nonceLength(let count): "SEV: mnonce must be 16 bytes (got \(count))"
    case .report(let status):
      "SEV: Failed to get attestation report ret=-5 fw_err=\(status.rawValue) (\(status.qemuWords))"
    case .finish(let status): "sev_launch_finish: LAUNCH_FINISH ret=-5 \(status.qemuText)"
    case .capabilities(let status):
      "SEV: Failed to export PDH cert ret=-5 fw_err=\(status.rawValue) (\(status.qemuWords))"
    case .query(let status): "SEV: the simulated AMD-SP does not answer: \(status.qemuText)"
    case .migration: "SEV: Migration is not implemented"
    case .memoryNotReadable: "SEV: the memory of a simulated SEV guest is not given out"
    case .platform(let reason): "SEV: the simulated AMD-SP failed: \(reason)"
    }
  }
}
