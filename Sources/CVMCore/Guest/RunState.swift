/// What a guest is doing, by virsh's names.
package enum RunState: String, Codable, Sendable, CaseIterable {
  case noState = "no state"
  case running
  case idle
  case paused
  case inShutdown = "in shutdown"
  case shutOff = "shut off"
  case crashed
  case pmSuspended = "pmsuspended"

  /// There is a process, or a simulated guest in memory.
  package var isActive: Bool { self != .shutOff && self != .noState && self != .crashed }
}
