import CVMCore
import Testing

/// What the line of a launch looks like for one set of wishes, written down independently of the machine.
struct LaunchLine: CustomTestStringConvertible, Sendable {
  let hasSecrets: Bool
  let staysPaused: Bool
  let isAttestable: Bool

  static let all = [false, true].flatMap { secrets in
    [false, true].flatMap { paused in
      [false, true].map { LaunchLine(hasSecrets: secrets, staysPaused: paused, isAttestable: $0) }
    }
  }

  var testDescription: String {
    [hasSecrets ? "secrets" : nil, staysPaused ? "paused" : nil, isAttestable ? "attestable" : nil]
      .compactMap(\.self).joined(separator: " ")
  }

  var steps: [LaunchStep] {
    [.definition, .policy, .expectedDigest, .session, .start, .measurement, .appraisal]
      + (hasSecrets ? [.secret] : []) + (staysPaused ? [] : [.resume]) + [.record]
  }

  var machine: LaunchMachine {
    LaunchMachine(hasSecrets: hasSecrets, staysPaused: staysPaused, isAttestable: isAttestable)
  }

  /// A machine that is about to hear how `step` went.
  func machine(at step: LaunchStep) -> LaunchMachine {
    var machine = machine
    for earlier in steps.prefix(while: { $0 != step }) {
      #expect(machine.state == .at(earlier))
      _ = machine.received(.succeeded)
    }
    return machine
  }

  /// The verdict while `step` is under way.
  func verdict(at step: LaunchStep) -> LaunchVerdict {
    isAttestable && [.secret, .resume, .record].contains(step) ? .match : .pending
  }

  func next(after step: LaunchStep) -> LaunchMachine.Action {
    guard let index = steps.firstIndex(of: step), index + 1 < steps.count else {
      return .finish(staysPaused ? .paused : .running)
    }
    return .perform(steps[index + 1])
  }
}

@Suite("the machine of a launch") struct LaunchMachineTests {
  typealias Event = LaunchMachine.Event
  typealias Action = LaunchMachine.Action
  static let events: [Event] = [.succeeded, .mismatched, .failed, .lost, .destroyed]
  /// There is a guest once one of these is reached.
  static let withGuest: Set<LaunchStep> = [.measurement, .appraisal, .secret, .resume, .record]

  @Test func `starts with the definition and without a verdict`() {
    let machine = LaunchMachine(hasSecrets: true, staysPaused: false)
    #expect(machine.state == .at(.definition) && machine.verdict == .pending)
  }

  @Test(arguments: LaunchLine.all)
  func `a step that succeeds leads to the next one of the line`(_ line: LaunchLine) {
    for step in line.steps {
      var machine = line.machine(at: step)
      #expect(machine.verdict == line.verdict(at: step))
      #expect(machine.received(.succeeded) == line.next(after: step), "\(step)")
    }
  }

  @Test(arguments: LaunchLine.all)
  func `a step that fails ends the launch before there is a guest, and destroys the guest after`(
    _ line: LaunchLine
  ) {
    for step in line.steps {
      var machine = line.machine(at: step)
      let action = machine.received(.failed)
      #expect(action == (Self.withGuest.contains(step) ? .destroyGuest : .finish(.failed)), "\(step)")
      #expect(
        machine.state == (Self.withGuest.contains(step) ? .destroying(because: step) : .ended(.failed)))
      #expect(machine.verdict == line.verdict(at: step), "a failure is no verdict")
    }
  }

  @Test(arguments: LaunchLine.all)
  func `a mismatch is a verdict at the appraisal, and a failure anywhere else`(_ line: LaunchLine) {
    for step in line.steps {
      var machine = line.machine(at: step)
      let action = machine.received(.mismatched)
      #expect(action == (Self.withGuest.contains(step) ? .destroyGuest : .finish(.failed)), "\(step)")
      #expect(machine.verdict == (step == .appraisal ? .mismatch : line.verdict(at: step)), "\(step)")
    }
  }

  @Test(arguments: LaunchLine.all)
  func `an act whose fate is not known ends the launch as unknown`(_ line: LaunchLine) {
    for step in line.steps {
      var machine = line.machine(at: step)
      #expect(machine.received(.lost) == .finish(.unknown), "\(step)")
      #expect(machine.state == .ended(.unknown) && machine.verdict == line.verdict(at: step))
    }
  }

  @Test(arguments: LaunchLine.all)
  func `a guest that was destroyed under the launch ends it`(_ line: LaunchLine) {
    for step in line.steps {
      var machine = line.machine(at: step)
      #expect(machine.received(.destroyed) == .finish(.destroyed), "\(step)")
    }
  }

  @Test(
    arguments: zip(
      events,
      [Action.finish(.destroyed), .destroyGuest, .finish(.unknown), .finish(.unknown), .finish(.destroyed)]))
  func `while it destroys, only the fate of the guest counts`(_ event: Event, _ expected: Action) {
    for line in LaunchLine.all {
      for step in line.steps where Self.withGuest.contains(step) {
        for cause in [Event.failed, .mismatched] {
          var machine = line.machine(at: step)
          _ = machine.received(cause)
          let verdict = machine.verdict
          #expect(machine.received(event) == expected, "\(step)")
          #expect(machine.verdict == verdict)
        }
      }
    }
  }

  @Test func `an end is an end, whatever comes after it`() {
    for line in LaunchLine.all {
      for step in line.steps {
        for event in [Event.failed, .lost, .destroyed] {
          var machine = line.machine(at: step)
          if machine.received(event) == .destroyGuest { _ = machine.received(.destroyed) }
          guard case .ended(let outcome) = machine.state else {
            Issue.record("no end at \(step)")
            continue
          }
          let verdict = machine.verdict
          for later in Self.events + [.succeeded] {
            #expect(machine.received(later) == .finish(outcome))
            #expect(machine.verdict == verdict)
          }
        }
      }
    }
  }

  /// Every history of 14 events that a machine can meet: with five events a step, those that end are not followed further.
  @Test(arguments: LaunchLine.all)
  func `no history injects or resumes before a match, or leaves a guest after a failure`(_ line: LaunchLine) {
    var ends: Set<String> = []
    var count = 0
    func follow(_ machine: LaunchMachine, _ action: Action, appraised: Bool, started: Bool, depth: Int) {
      count += 1
      guard depth < 14 else {
        Issue.record("a history without an end")
        return
      }
      switch action {
      case .finish(let outcome):
        ends.insert("\(outcome)")
        if outcome == .running || outcome == .paused {
          #expect(appraised && started)
          #expect(!line.isAttestable || machine.verdict == .match)
        }
        if outcome == .failed { #expect(!started, "a guest would be left") }
        return
      case .perform(let step):
        if step == .secret || step == .resume { #expect(appraised) }
        #expect(line.steps.contains(step))
        for event in Self.events {
          var next = machine
          let action = next.received(event)
          let succeeded = event == .succeeded
          if started, !succeeded, event == .failed || event == .mismatched {
            #expect(action == .destroyGuest)
          }
          follow(
            next, action, appraised: appraised || (step == .appraisal && succeeded),
            started: started || (step == .start && succeeded), depth: depth + 1)
        }
      case .destroyGuest:
        #expect(started, "there is nothing to destroy")
        // A mismatch is no answer to a destruction: it asks again, and again.
        for event in Self.events where event != .mismatched {
          var next = machine
          let action = next.received(event)
          follow(next, action, appraised: appraised, started: started, depth: depth + 1)
        }
      }
    }
    follow(line.machine, .perform(.definition), appraised: false, started: false, depth: 0)
    #expect(count > 50)
    #expect(ends == ["failed", "unknown", "destroyed", line.staysPaused ? "paused" : "running"])
  }

  @Test func `a launch without a session never has a verdict`() {
    for line in LaunchLine.all where !line.isAttestable {
      var machine = line.machine
      for _ in line.steps {
        _ = machine.received(.succeeded)
        #expect(machine.verdict == .pending)
      }
      #expect(machine.state == .ended(line.staysPaused ? .paused : .running))
    }
  }
}
