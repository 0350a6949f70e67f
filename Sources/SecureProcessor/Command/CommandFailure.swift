package import SEV

/// The AMD-SP's refusal of a command. Nothing has changed then, neither in the AMD-SP nor in memory.
package struct CommandFailure: Error, Equatable, Sendable {
  package let status: FirmwareStatus
  /// With INVALID_LENGTH of a command that answers into the caller's buffers: the bytes that each of them
  /// needs.
  package let needed: [Int]

  package init(_ status: FirmwareStatus, needed: [Int] = []) {
    self.status = status
    self.needed = needed
  }

  /// One line for people, lower case, without a full stop.
  package var summary: String {
    "the AMD-SP answered 0x\(String(status.rawValue, radix: 16)) \(status.amdName)"
  }
}

/// Throws `status` unless `condition` holds: a row of AMD's list of checks.
func require(_ condition: Bool, else status: FirmwareStatus) throws(CommandFailure) {
  guard condition else { throw CommandFailure(status) }
}

/// Throws INVALID_LENGTH with the lengths needed unless every buffer is large enough.
func require(buffers lengths: [Int], atLeast needed: [Int]) throws(CommandFailure) {
  guard zip(lengths, needed).allSatisfy({ $0 >= $1 }) else {
    throw CommandFailure(.invalidLength, needed: needed)
  }
}
