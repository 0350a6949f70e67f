import Bytes
import Attestation
import Documents
import StateStore

/// One launch. Each step is a function; `LaunchMachine` says which comes next and what a failure undoes.
///
/// The paused guest is held here and nowhere else: it is resumed once, or destroyed.
struct Launcher: ~Copyable {
  let core: Core
  let guest: RecordedGuest
  let options: StartOptions
  let progress: LaunchProgress

  var record: LaunchRecord
  private var machine: LaunchMachine
  private var paused: PausedGuest?
  private var failure: CoreError?

  // What one step leaves for the next.
  var domain: XMLElement
  var definition: GuestDefinition
  let policy: PolicyValue
  var inputs: MeasuredInputs?
  var secrets: LaunchSecrets?
  var session: OwnerSession?
  var evidence: LaunchEvidence?
  var appraised: AppraisedLaunch?

  init(
    core: Core, guest: RecordedGuest, policy: PolicyValue, options: StartOptions,
    progress: @escaping LaunchProgress
  ) throws(CoreError) {
    // All that can throw stands before the first assignment: a value that cannot be copied is made whole or not at all.
    let domain = try guest.domain()
    let definition = try guest.definition()
    let session = try Self.session(options, policy)
    let record = try LaunchRecord(
      of: guest, definition, policy, core, attestable: !options.allowsUnattestable)
    self.core = core
    self.guest = guest
    self.options = options
    self.progress = progress
    self.policy = policy
    self.domain = domain
    self.definition = definition
    self.record = record
    self.session = session
    // Secrets of a guest that stays paused may come later, by `secret inject`.
    machine = LaunchMachine(
      hasSecrets: !options.secrets.isEmpty || (!guest.secrets.isEmpty && !options.staysPaused),
      staysPaused: options.staysPaused,
      isAttestable: !options.allowsUnattestable && (session == nil || session?.keys != nil))
    paused = nil
  }

  /// A session of files, read before anything begins. Where its keys are with the owner, so is the verdict: the guest waits for it.
  private static func session(
    _ options: StartOptions, _ policy: PolicyValue
  ) throws(CoreError) -> OwnerSession? {
    guard let prefix = options.sessionPrefix else { return nil }
    guard let sevPolicy = policy.sev else { throw .unsupported("SEV-SNP guests have no launch session") }
    let session = try SessionFiles.load(prefix: prefix, policy: sevPolicy)
    if session.keys == nil {
      guard options.secrets.isEmpty else {
        throw .usage(
          "without the keys of session '\(prefix)' no secret can be encrypted",
          hint: "build a packet where the keys are: cvmctl secret build")
      }
      guard options.staysPaused else {
        throw .usage(
          "the keys of session '\(prefix)' are with its owner, who alone can judge the measurement",
          hint: "start the guest with --paused; the owner's packet, or 'resume --owner-accepted', lets it run"
        )
      }
    }
    return session
  }

  /// Runs the launch to its end. Throws what stopped it; the record is kept either way.
  mutating func run() throws(CoreError) -> LaunchRecord {
    var action = LaunchMachine.Action.perform(.definition)
    while true {
      switch action {
      case .perform(let step): action = machine.received(attempt(step))
      case .destroyGuest: action = machine.received(destroy())
      case .finish(let outcome): return try finish(outcome)
      }
    }
  }

  /// One step with its time and its line of progress.
  private mutating func attempt(_ step: LaunchStep) -> LaunchMachine.Event {
    let startedAt = Timestamp.now()
    let clock = ContinuousClock()
    let start = clock.now
    var event = LaunchMachine.Event.succeeded
    do throws(CoreError) {
      // Past `resume` the guest runs: the launch is over, and no longer ours to undo.
      if let signal = Interruption.signal, step != .record {
        throw CoreError.interrupted(signal: signal, guest: guest.name)
      }
      let note = try perform(step)
      progress(.done(step, note: note))
    } catch {
      failure = error
      event = Self.event(of: error)
      progress(.failed(step))
    }
    record.steps.append(
      LaunchRecord.Step(
        name: step, startedAt: startedAt.description, seconds: (clock.now - start).seconds,
        outcome: event == .succeeded ? .ok : .failed))
    record.verdict = machine.verdict
    return event
  }

  private static func event(of error: CoreError) -> LaunchMachine.Event {
    switch error {
    case .measurementMismatch: .mismatched
    case .backend(.outcomeUnknown): .lost
    default: .failed
    }
  }

  /// Returns a few words on what the step found.
  private mutating func perform(_ step: LaunchStep) throws(CoreError) -> String {
    switch step {
    case .definition: try checkDefinition()
    case .policy: try checkPolicy()
    case .expectedDigest: try predict()
    case .session: try makeSession()
    case .start: try start()
    case .measurement: try measure()
    case .appraisal: try appraise()
    case .secret: try giveSecret()
    case .resume: try resume()
    case .record: try keepRecord()
    }
  }

  private mutating func start() throws(CoreError) -> String {
    let document: XMLElement
    if let session {
      document = DomainXML.launching(domain, dhCert: session.dhCertText, session: session.sessionText)
    } else {
      document = domain
    }
    let xml: String
    do {
      xml = try XMLText.serialize(document)
    } catch {
      throw .malformedDocument(source: "the definition of '\(guest.name)'", error)
    }
    let uuid = guest.uuid
    Interruption.arm()
    let fresh = try core.launched { backend throws(BackendError) in try backend.startPaused(uuid, xml: xml) }
    let id = fresh.id
    paused = consume fresh
    return "id \(id)"
  }

  private mutating func resume() throws(CoreError) -> String {
    guard let guest = paused.take() else { throw .conflict("the guest is not paused") }
    let (uuid, id) = (guest.uuid, guest.id)
    do {
      try core.backend().resume(guest)
    } catch let error as BackendError {
      // The guest may still be there, paused: it is ours to destroy.
      paused = PausedGuest(uuid: uuid, id: id)
      throw .backend(error)
    } catch {
      throw .conflict("the guest could not be resumed")
    }
    return ""
  }

  private mutating func destroy() -> LaunchMachine.Event {
    let uuid = guest.uuid
    guard paused.take() != nil || record.measurement != nil else { return .destroyed }
    do {
      try core.backend().destroy(uuid, graceful: false)
    } catch {
      if let error = error as? BackendError, case .conflict = error { return .destroyed }
      return .failed
    }
    progress(.destroyed)
    return .destroyed
  }

  /// The end of a launch is on disk before anybody is told of it.
  private mutating func finish(_ outcome: LaunchOutcome) throws(CoreError) -> LaunchRecord {
    record.verdict = machine.verdict
    record.outcome = outcome
    record.endedAt = Timestamp.now().description
    try core.keep(
      record, act: "launch.end", keepsKeys: outcome == .running || outcome == .paused || outcome == .unknown)
    if let failure { throw failure }
    return record
  }
}

extension Duration {
  /// As a number of seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
