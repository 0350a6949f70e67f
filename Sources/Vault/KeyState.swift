/// Where a version of a key stands in its life (NIST SP 800-57 Part 1, section 7). A destroyed one has no bytes any more.
package enum KeyState: String, CaseIterable, Codable, Sendable {
  case preActive = "pre-active"
  case active, suspended, deactivated, compromised, destroyed
}

/// What a key is asked for.
package enum KeyUse: Sendable {
  /// To encrypt, sign or wrap something new.
  case protect
  /// To decrypt, verify or unwrap what is there.
  case process
}

extension KeyState {
  /// The states that may come next.
  package var successors: [KeyState] {
    switch self {
    case .preActive: [.active, .compromised, .destroyed]
    case .active: [.suspended, .deactivated, .compromised, .destroyed]
    case .suspended: [.active, .deactivated, .compromised, .destroyed]
    case .deactivated: [.compromised, .destroyed]
    case .compromised: [.destroyed]
    case .destroyed: []
    }
  }

  package func mayBecome(_ next: KeyState) -> Bool { successors.contains(next) }

  /// - Parameter evenCompromised: who asks knows that others may have the key, and reads with it all the same.
  package func allows(_ use: KeyUse, evenCompromised: Bool = false) -> Bool {
    switch (use, self) {
    case (.protect, .active): true
    case (.process, .active), (.process, .suspended), (.process, .deactivated): true
    case (.process, .compromised): evenCompromised
    case (.protect, _), (.process, _): false
    }
  }
}
