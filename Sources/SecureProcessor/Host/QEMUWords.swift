package import SEV

extension FirmwareStatus {
  /// QEMU's words for a status, in `fw_error=11 'Bad measurement'`; empty where it has none. Source: QEMU
  /// 7.2, target/i386/sev.c.
  package var qemuWords: String {
    switch self {
    case .invalidPlatformState: "Platform state is invalid"
    case .invalidGuestState: "Guest state is invalid"
    case .invalidConfig: "Platform configuration is invalid"
    case .invalidLength: "Buffer too small"
    case .alreadyOwned: "Platform is already owned"
    case .invalidCertificate: "Certificate is invalid"
    case .policyFailure: "Policy is not allowed"
    case .inactive: "Guest is not active"
    case .invalidAddress: "Invalid address"
    case .badSignature: "Bad signature"
    case .badMeasurement: "Bad measurement"
    case .asidOwned: "ASID is already owned"
    case .invalidASID: "Invalid ASID"
    case .wbinvdRequired: "WBINVD is required"
    case .dfFlushRequired: "DF_FLUSH is required"
    case .invalidGuest: "Guest handle is invalid"
    case .invalidCommand: "Invalid command"
    case .active: "Guest is active"
    case .hardwareErrorPlatform: "Hardware error"
    case .hardwareErrorUnsafe: "Hardware unsafe"
    case .unsupported: "Feature not supported"
    case .invalidParameter: "Invalid parameter"
    case .resourceLimit: "Required firmware resource depleted"
    case .secureDataInvalid: "Part-specific integrity check failure"
    default: ""
    }
  }
}
