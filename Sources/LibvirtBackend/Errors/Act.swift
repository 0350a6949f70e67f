internal import CVMCore

/// What cvmctl was doing when libvirt failed: an error means different things in different acts.
struct Act: Sendable {
  enum Kind: Sendable {
    case connect
    case question
    /// Storing a definition.
    case definition
    /// Starting a guest, or handing it a launch secret.
    case launch
    /// Anything else that changes a guest.
    case change
  }

  /// For messages: `start`.
  let name: String
  var kind: Kind
  /// The guest, as the caller named it.
  let guest: String?
  let uri: String
  /// When the caller wants to hear of it.
  var deadline: Deadline
  /// The limit that the deadline was made of.
  let seconds: Int

  func `as`(_ kind: Kind) -> Act {
    var act = self
    act.kind = kind
    return act
  }

  func timedOut() -> BackendError { .timeout(operation: name, seconds: seconds) }

  func unknown(_ reason: String) -> BackendError { .outcomeUnknown(operation: name, reason: reason) }
}
