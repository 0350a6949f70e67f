/// Why the AMD-SP refused a command: the status codes that SEV and SEV-SNP share. 0 (SUCCESS) is no
/// refusal and has no case. Source: AMD 55766 and 56860, "Status codes".
package enum FirmwareStatus: UInt32, Error, Equatable, Sendable, CaseIterable {
  case invalidPlatformState = 0x01
  case invalidGuestState = 0x02
  case invalidConfig = 0x03
  case invalidLength = 0x04
  case alreadyOwned = 0x05
  case invalidCertificate = 0x06
  case policyFailure = 0x07
  case inactive = 0x08
  case invalidAddress = 0x09
  case badSignature = 0x0A
  case badMeasurement = 0x0B
  case asidOwned = 0x0C
  case invalidASID = 0x0D
  case wbinvdRequired = 0x0E
  case dfFlushRequired = 0x0F
  case invalidGuest = 0x10
  case invalidCommand = 0x11
  case active = 0x12
  case hardwareErrorPlatform = 0x13
  case hardwareErrorUnsafe = 0x14
  case unsupported = 0x15
  case invalidParameter = 0x16
  case resourceLimit = 0x17
  case secureDataInvalid = 0x18
  case invalidPageSize = 0x19
  case invalidPageState = 0x1A
  case invalidMetadataEntry = 0x1B
  case invalidPageOwner = 0x1C
  case aeadOverflow = 0x1D
  case rbModeExited = 0x1F
  case rmpInitRequired = 0x20
  case badSVN = 0x21
  case badVersion = 0x22
  case shutdownRequired = 0x23
  case updateFailed = 0x24
  case restoreRequired = 0x25
  case rmpInitializationFailed = 0x26
  case invalidKey = 0x27

  /// The name in AMD's documents.
  package var amdName: String {
    switch self {
    case .invalidPlatformState: "INVALID_PLATFORM_STATE"
    case .invalidGuestState: "INVALID_GUEST_STATE"
    case .invalidConfig: "INVALID_CONFIG"
    case .invalidLength: "INVALID_LENGTH"
    case .alreadyOwned: "ALREADY_OWNED"
    case .invalidCertificate: "INVALID_CERTIFICATE"
    case .policyFailure: "POLICY_FAILURE"
    case .inactive: "INACTIVE"
    case .invalidAddress: "INVALID_ADDRESS"
    case .badSignature: "BAD_SIGNATURE"
    case .badMeasurement: "BAD_MEASUREMENT"
    case .asidOwned: "ASID_OWNED"
    case .invalidASID: "INVALID_ASID"
    case .wbinvdRequired: "WBINVD_REQUIRED"
    case .dfFlushRequired: "DF_FLUSH_REQUIRED"
    case .invalidGuest: "INVALID_GUEST"
    case .invalidCommand: "INVALID_COMMAND"
    case .active: "ACTIVE"
    case .hardwareErrorPlatform: "HWERROR_PLATFORM"
    case .hardwareErrorUnsafe: "HWERROR_UNSAFE"
    case .unsupported: "UNSUPPORTED"
    case .invalidParameter: "INVALID_PARAM"
    case .resourceLimit: "RESOURCE_LIMIT"
    case .secureDataInvalid: "SECURE_DATA_INVALID"
    case .invalidPageSize: "INVALID_PAGE_SIZE"
    case .invalidPageState: "INVALID_PAGE_STATE"
    case .invalidMetadataEntry: "INVALID_MDATA_ENTRY"
    case .invalidPageOwner: "INVALID_PAGE_OWNER"
    case .aeadOverflow: "AEAD_OFLOW"
    case .rbModeExited: "RB_MODE_EXITED"
    case .rmpInitRequired: "RMP_INIT_REQUIRED"
    case .badSVN: "BAD_SVN"
    case .badVersion: "BAD_VERSION"
    case .shutdownRequired: "SHUTDOWN_REQUIRED"
    case .updateFailed: "UPDATE_FAILED"
    case .restoreRequired: "RESTORE_REQUIRED"
    case .rmpInitializationFailed: "RMP_INITIALIZATION_FAILED"
    case .invalidKey: "INVALID_KEY"
    }
  }

  /// One line for people: name and number.
  package var summary: String { "the AMD-SP says \(amdName) (\(rawValue))" }
}
