package import SEV

/// The answer to GUEST_STATUS. Source: AMD 55766, section 6.17.
package struct GuestStatus: Equatable, Sendable {
  package let policy: SEVPolicy
  /// 0 while not activated.
  package let asid: UInt32
  package let state: GuestState

  package init(policy: SEVPolicy, asid: UInt32, state: GuestState) {
    self.policy = policy
    self.asid = asid
    self.state = state
  }
}
