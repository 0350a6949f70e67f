import CVMCore
import StateStore
import Vault

/// The documented exit codes and their names in JSON errors.
enum CVMExit: Int32, Sendable {
  case ok = 0
  case failure = 1
  case usage = 2
  case notFound = 3
  case conflict = 4
  case unsupported = 5
  case connection = 6
  case timeout = 7
  case permission = 8
  case measurementMismatch = 10
  case policyViolation = 11
  case attestationRefused = 12
  case outcomeUnknown = 13
  case auditUnavailable = 14
  case vaultLocked = 15
  case corrupt = 16
  case interrupted = 130
  case terminated = 143

  /// The `code` of a JSON error.
  var code: String {
    switch self {
    case .ok: "ok"
    case .failure: "failure"
    case .usage: "usage"
    case .notFound: "not-found"
    case .conflict: "conflict"
    case .unsupported: "unsupported"
    case .connection: "connection"
    case .timeout: "timeout"
    case .permission: "permission"
    case .measurementMismatch: "measurement-mismatch"
    case .policyViolation: "policy-violation"
    case .attestationRefused: "attestation-refused"
    case .outcomeUnknown: "outcome-unknown"
    case .auditUnavailable: "audit-unavailable"
    case .vaultLocked: "vault-locked"
    case .corrupt: "corrupt"
    case .interrupted: "interrupted"
    case .terminated: "terminated"
    }
  }
}
