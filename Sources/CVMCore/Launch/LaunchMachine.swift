/// The steps of a launch, in their order.
package enum LaunchStep: String, Codable, CaseIterable, Sendable {
  case definition
  case policy
  case expectedDigest = "expected-digest"
  case session
  case start = "start-paused"
  case measurement
  case appraisal
  case secret
  case resume
  case record
}

/// How a launch ended.
package enum LaunchOutcome: String, Codable, Sendable {
  case pending, running, paused, destroyed, failed, unknown
}

/// What the appraisal said.
package enum LaunchVerdict: String, Codable, Sendable {
  case match, mismatch, pending
}

/// The line of a launch as a pure state machine: events in, actions out. Files, libvirt and the clock stand around it.
///
/// Until `start` a failure leaves nothing to undo. From `start` on there is a paused guest, and every failure destroys it; nothing
/// is injected and nothing resumed but after a match.
package struct LaunchMachine: Equatable, Sendable {
  package enum State: Equatable, Sendable {
    case at(LaunchStep)
    case destroying(because: LaunchStep)
    case ended(LaunchOutcome)
  }

  package enum Event: Equatable, Sendable {
    case succeeded
    /// The measurement is not the expected one.
    case mismatched
    case failed
    /// The act was sent and its fate could not be learned.
    case lost
    case destroyed
  }

  package enum Action: Equatable, Sendable {
    case perform(LaunchStep)
    case destroyGuest
    case finish(LaunchOutcome)
  }

  package private(set) var state: State = .at(.definition)
  package private(set) var verdict: LaunchVerdict = .pending
  private let hasSecrets: Bool
  private let staysPaused: Bool
  /// Without the keys of a session nothing is proved on this side: such a launch has no verdict here.
  private let isAttestable: Bool

  package init(hasSecrets: Bool, staysPaused: Bool, isAttestable: Bool = true) {
    self.isAttestable = isAttestable
    self.hasSecrets = hasSecrets
    self.staysPaused = staysPaused
  }

  package mutating func received(_ event: Event) -> Action {
    switch (state, event) {
    case (.at(let step), .succeeded): advance(from: step)
    case (.at(.appraisal), .mismatched): mismatched()
    case (.at(let step), .failed), (.at(let step), .mismatched): failed(at: step)
    case (.at, .lost), (.destroying, .lost), (.destroying, .failed): end(.unknown)
    case (.destroying, .destroyed), (.destroying, .succeeded): end(.destroyed)
    case (.at, .destroyed): end(.destroyed)
    case (.destroying, .mismatched): .destroyGuest
    case (.ended(let outcome), _): .finish(outcome)
    }
  }

  private mutating func advance(from step: LaunchStep) -> Action {
    if step == .appraisal, isAttestable { verdict = .match }
    switch step {
    case .definition: return go(.policy)
    case .policy: return go(.expectedDigest)
    case .expectedDigest: return go(.session)
    case .session: return go(.start)
    case .start: return go(.measurement)
    case .measurement: return go(.appraisal)
    case .appraisal: return hasSecrets ? go(.secret) : go(staysPaused ? .record : .resume)
    case .secret: return go(staysPaused ? .record : .resume)
    case .resume: return go(.record)
    case .record: return end(staysPaused ? .paused : .running)
    }
  }

  private mutating func go(_ step: LaunchStep) -> Action {
    state = .at(step)
    return .perform(step)
  }

  private mutating func mismatched() -> Action {
    verdict = .mismatch
    return failed(at: .appraisal)
  }

  /// Nothing runs before `start` ends, and a failed start leaves nothing; after it there is a guest to destroy.
  private mutating func failed(at step: LaunchStep) -> Action {
    switch step {
    case .definition, .policy, .expectedDigest, .session, .start: return end(.failed)
    case .measurement, .appraisal, .secret, .resume, .record:
      state = .destroying(because: step)
      return .destroyGuest
    }
  }

  private mutating func end(_ outcome: LaunchOutcome) -> Action {
    state = .ended(outcome)
    return .finish(outcome)
  }
}
