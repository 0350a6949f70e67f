import SEV

extension FirmwareStatus {
  /// `fw_error=11 'Bad measurement'`: how QEMU prints a status. Source: QEMU 7.2, target/i386/sev.c.
  var qemuText: String { "fw_error=\(rawValue) '\(qemuWords)'" }

  /// QEMU's words, empty where it has none.
  var qemuWords: String {
    switch rawValue {
    case 0x01: "Platform state is invalid"
    case 0x02: "Guest state is invalid"
    case 0x03: "Platform configuration is invalid"
    case 0x04: "Buffer too small"
    case 0x05: "Platform is already owned"
    case 0x06: "Certificate is invalid"
    case 0x07: "Policy is not allowed"
    case 0x08: "Guest is not active"
    case 0x09: "Invalid address"
    case 0x0A: "Bad signature"
    case 0x0B: "Bad measurement"
    case 0x0C: "ASID is already owned"
    case 0x0D: "Invalid ASID"
    case 0x0E: "WBINVD is required"
    case 0x0F: "DF_FLUSH is required"
    case 0x10: "Guest handle is invalid"
    case 0x11: "Invalid command"
    case 0x12: "Guest is active"
    case 0x13: "Hardware error"
    case 0x14: "Hardware unsafe"
    case 0x15: "Feature not supported"
    case 0x16: "Invalid parameter"
    case 0x17: "Required firmware resource depleted"
    case 0x18: "Part-specific integrity check failure"
    default: ""
    }
  }
}
