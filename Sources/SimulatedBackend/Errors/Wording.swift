import CVMCore

/// libvirt's words for what a guest's state does not allow, so that scripts and people read the same text
/// from a simulated host. Observed with libvirt 9.0.
extension BackendError {
  static func invalidOperation(_ reason: String) -> BackendError {
    .conflict(reason: "Requested operation is not valid: \(reason)")
  }

  static let notRunning = invalidOperation("domain is not running")
  static let alreadyRunning = invalidOperation("domain is already running")
  static let notPaused = invalidOperation("domain must be in a paused state")
  static let transient = invalidOperation("cannot undefine transient domain")

  static func nameTaken(_ name: String, by uuid: GuestUUID) -> BackendError {
    .conflict(reason: "operation failed: domain '\(name)' already exists with uuid \(uuid)")
  }

  static func uuidTaken(_ uuid: GuestUUID, by name: String) -> BackendError {
    .conflict(reason: "operation failed: domain '\(name)' is already defined with uuid \(uuid)")
  }

  static func noDomain(_ uuid: GuestUUID) -> BackendError { .guestNotFound(uuid.rawValue) }

  static func malformed(_ reason: String) -> BackendError {
    .invalidDefinition(reason: "XML error: \(reason)")
  }
}
