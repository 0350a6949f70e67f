import ArgumentParser
import Bytes
import CVMCore
import CVMCrypto
import Documents
import Glibc
import SEV
import StateStore
import Vault

/// An error on its way out: one line and a hint, or one JSON object, and the documented exit code.
struct Failure {
  let exit: CVMExit
  let message: String
  var hint: String?
  var details: [(key: String, value: Documents.Value)] = []

  /// Writes the error and returns its exit code.
  /// - Parameter showsCause: what lies behind the error goes out too. No error holds a secret.
  static func report(_ error: any Error, json: Bool, showsCause: Bool) -> Int32 {
    var failure = Failure(error)
    let cause = showsCause ? String(reflecting: error).oneLine : nil
    if json, let cause { failure.details.append(("debug", .string(cause))) }
    if let bulk = error as? BulkFailure, !json {
      // What is no guest's own fault, as a host that does not answer, is said once.
      var said: Set<String> = []
      for failure in bulk.failures.map({ Failure($0.error) }) where said.insert(failure.message).inserted {
        failure.write(json: false)
      }
    } else {
      failure.write(json: json)
    }
    if !json, let cause { Terminal.note("cvmctl: debug: " + TerminalSafe.escape(cause)) }
    return failure.exit.rawValue
  }

  private func write(json: Bool) {
    guard json else {
      Terminal.note("cvmctl: error: " + TerminalSafe.escape(message.oneLine))
      if let hint { Terminal.note("hint: " + TerminalSafe.escape(hint.oneLine)) }
      return
    }
    var members: [Documents.Value.Member] = [
      .init("code", .string(exit.code)), .init("exit", .integer(Int64(exit.rawValue))),
      .init("message", .string(message.oneLine)), .init("hint", hint.map { .string($0.oneLine) } ?? .null),
    ]
    members.append(.init("details", .object(details.map { .init($0.key, $0.value) })))
    let object = Documents.Value.object([.init("error", .object(members))])
    Terminal.note((try? JSONText.emit(object)) ?? "{\"error\": {\"code\": \"failure\", \"exit\": 1}}")
  }

  init(_ error: any Error) {
    switch error {
    case let error as CoreError: self = Failure(core: error)
    case let error as UsageError: self.init(exit: .usage, message: error.message, hint: error.hint)
    case let error as OutputError:
      self.init(exit: .failure, message: "standard output: \(SystemText.of(error.errno))")
    case let error as ValidationError: self.init(exit: .usage, message: error.message)
    case let error as BackendError: self = Failure(core: .backend(error))
    case let error as BulkFailure: self = Failure(bulk: error)
    default: self.init(exit: .failure, message: "an internal error: \(type(of: error))")
    }
  }

  /// The first failure, and every one in the details.
  private init(bulk: BulkFailure) {
    let all = bulk.failures.map { (name: $0.name, failure: Failure($0.error)) }
    let list = all.map { name, failure in
      Documents.Value.object([
        .init("name", .string(name)), .init("code", .string(failure.exit.code)),
        .init("exit", .integer(Int64(failure.exit.rawValue))),
        .init("message", .string(failure.message.oneLine)),
        .init("hint", failure.hint.map { .string($0.oneLine) } ?? .null),
      ])
    }
    let first = all.first?.failure
    self.init(
      exit: first?.exit ?? .failure, message: first?.message ?? "nothing was done", hint: first?.hint,
      details: [("failures", .array(list)), ("succeeded", .array(bulk.succeeded.map { .string($0) }))])
  }

  init(
    exit: CVMExit, message: String, hint: String? = nil, details: [(key: String, value: Documents.Value)] = []
  ) {
    self.exit = exit
    self.message = message
    self.hint = hint
    self.details = details
  }
}

extension Failure {
  fileprivate init(core error: CoreError) {
    switch error {
    case .usage(let text, let hint): self.init(exit: .usage, message: text, hint: hint)
    case .malformedDocument(let source, let problem):
      self.init(exit: .usage, message: "\(source): \(problem.summary)")
    case .malformedBytes(let source, let problem):
      self.init(
        exit: .usage, message: "\(source): \(problem.summary)",
        details: [("offset", .integer(Int64(problem.offset)))])
    case .unmeasurable(let source, let problem):
      self.init(exit: .unsupported, message: "\(source): \(problem.summary)", hint: problem.hint)
    case .malformedGuest(let source, let problem):
      let place = problem.line.map { "\(source):\($0)" } ?? source
      self.init(exit: .usage, message: "\(place): \(problem.problem)")
    case .file(let path, let problem): self = Failure(path, problem)
    case .notFound(let kind, let name): self.init(exit: .notFound, message: "no \(kind.rawValue) '\(name)'")
    case .alreadyExists(let kind, let name):
      self.init(exit: .conflict, message: "\(kind.rawValue) '\(name)' exists already")
    case .conflict(let text, let hint): self.init(exit: .conflict, message: text, hint: hint)
    case .policy(let violation): self = Failure(violation)
    case .unsupportedFirmware(let path, let shortcoming): self = Failure(path, shortcoming)
    case .unsupported(let text, let hint): self.init(exit: .unsupported, message: text, hint: hint)
    case .forbidden(let text, let hint): self.init(exit: .permission, message: text, hint: hint)
    case .measurementMismatch(let guest, let differences):
      self.init(
        exit: .measurementMismatch,
        message: guest.isEmpty
          ? "the measurement does not match"
          : "the measurement of guest '\(guest)' does not match: it was not allowed to run",
        hint: differences.first, details: [("differences", .array(differences.map { .string($0) }))])
    case .referenceMismatch(let reference, let differences):
      self.init(
        exit: .measurementMismatch,
        message: "not as reference value '\(reference)' says: \(differences.joined(separator: "; "))",
        hint: "if the change was yours, record it anew: cvmctl measure record",
        details: [("differences", .array(differences.map { .string($0) }))])
    case .refused(let text, let hint): self.init(exit: .attestationRefused, message: text, hint: hint)
    case .simulated(let what):
      self.init(
        exit: .attestationRefused, message: "\(what) is simulated: it proves nothing about real hardware",
        hint: "accept it with --allow-simulated, or 'simulated: allow' in the configuration")
    case .backend(let error): self = Failure(backend: error)
    case .store(let error): self = Failure(store: error)
    case .vault(let error): self = Failure(vault: error)
    case .tpm(let problem): self = Failure(tpm: problem)
    case .crypto(let error): self.init(exit: .failure, message: error.summary)
    case .interrupted(let signal, let guest):
      self.init(
        exit: signal == SIGTERM ? .terminated : .interrupted,
        message: "interrupted: guest '\(guest)' was not launched")
    }
  }

  private init(_ path: String, _ problem: FileProblem) {
    switch problem {
    case .missing: self.init(exit: .notFound, message: "\(path): no such file")
    case .notRegular: self.init(exit: .usage, message: "\(path): not a regular file")
    case .tooLarge(let limit): self.init(exit: .usage, message: "\(path): larger than \(limit) bytes")
    case .tooOpen(let mode):
      self.init(
        exit: .permission, message: "\(path): mode 0\(String(mode, radix: 8)) lets others read a secret",
        hint: "chmod 600 \(path)")
    case .changed: self.init(exit: .conflict, message: "\(path): changed while it was read")
    case .unreadable(let number):
      self.init(
        exit: number == EACCES || number == EPERM ? .permission : .failure,
        message: "\(path): \(SystemText.of(number))")
    case .exists:
      self.init(exit: .conflict, message: "\(path): exists already", hint: "nothing was overwritten")
    case .unwritable(let number):
      self.init(
        exit: number == EACCES || number == EPERM ? .permission : number == ENOENT ? .notFound : .failure,
        message: "\(path): \(SystemText.of(number))")
    }
  }

  private init(_ violation: PolicyViolation) {
    let (message, hint): (String, String?) =
      switch violation {
      case .debugAllowed(let policy):
        (
          "policy \(policy) lets the host debug the guest: it could read all memory",
          "set NODBG, or allow it with --allow-debug"
        )
      case .keySharingAllowed(let policy):
        (
          "policy \(policy) lets the host run code of its own under the guest's key",
          "set NOKS (bit 1), or allow it with --allow-key-sharing"
        )
      case .reservedBits(let policy):
        (
          "policy \(policy) sets reserved bits or clears a mandatory one: the firmware refuses it",
          "see: cvmctl policy explain"
        )
      case .wrongType(let policy, let type):
        (
          "policy \(policy) is not a \(type) policy",
          "the ES bit (2) belongs to sev-es only; sev-snp needs bit 17"
        )
      case .unmeasuredKernel(let guest):
        (
          "guest '\(guest)' boots a kernel that nothing measures",
          "set kernelHashes='yes' and use a firmware with a hash area, or boot from disk"
        )
      case .unattestable(let guest):
        (
          "guest '\(guest)' has no launch session: nothing can be proved or given to it",
          "start it with a session"
        )
      case .launchSecurityRemoved(let guest):
        (
          "guest '\(guest)' is recorded as confidential: it cannot lose its launch security",
          "undefine it first"
        )
      case .drift(let guest, let differences):
        (
          "guest '\(guest)' is not as it was defined: \(differences.joined(separator: ", "))",
          "define it again if the change was yours"
        )
      case .writableFirmwareStore(let guest):
        (
          "guest '\(guest)' has an NVRAM file, which nothing measures",
          "use a stateless firmware: stateless='yes' and no <nvram>"
        )
      case .keyState(let key, let version, let state):
        (
          "key '\(key)'\(version.map { " version \($0)" } ?? "") is \(state): it must not be used for this",
          "see: cvmctl key show \(key)"
        )
      case .tenantSuspended(let tenant):
        (
          "tenant '\(tenant)' is suspended: its guests don't start and its keys don't open",
          "the operator can: cvmctl tenant resume \(tenant)"
        )
      case .tenantDestroyed(let tenant): ("tenant '\(tenant)' is destroyed: its keys are gone for good", nil)
      }
    var details: [(key: String, value: Documents.Value)] = []
    if case .drift(_, let differences) = violation {
      details = [("differences", .array(differences.map { .string($0) }))]
    }
    self.init(exit: .policyViolation, message: message, hint: hint, details: details)
  }

  private init(_ path: String, _ shortcoming: FirmwareShortcoming) {
    let message =
      switch shortcoming {
      case .noHashArea: "\(path) has no area for kernel hashes: it would boot a kernel that nothing measures"
      case .hashAreaTooSmall(let size):
        "\(path) has an area of \(size) bytes for kernel hashes, 176 are needed"
      case .noSecretArea: "\(path) has no area for launch secrets"
      case .secretAreaTooSmall(let needed, let area):
        "\(path) has an area of \(area) bytes for launch secrets, \(needed) are needed"
      case .noResetBlock: "\(path) has no SEV-ES reset block"
      }
    self.init(
      exit: .unsupported, message: message, hint: "use OVMF's AmdSev build (Debian: package ovmf-amdsev)")
  }

  private init(backend error: BackendError) {
    let exit: CVMExit =
      switch error {
      case .unreachable: .connection
      case .guestNotFound: .notFound
      case .conflict: .conflict
      case .unsupported: .unsupported
      case .invalidDefinition: .usage
      case .permission: .permission
      case .timeout: .timeout
      case .outcomeUnknown: .outcomeUnknown
      // AMD's UNSUPPORTED: the platform was not set up for what the policy asks for.
      case .launchFailed(_, let status): status == 0x15 ? .unsupported : .failure
      case .failed: .failure
      case .corrupt: .corrupt
      }
    self.init(exit: exit, message: error.summary, hint: error.hint)
  }

  private init(vault error: VaultError) {
    let exit: CVMExit =
      switch error {
      case .rootMissing, .locked, .wrongOpening, .fewShares, .foreignShare: .vaultLocked
      case .token(.untrusted, _): .permission
      case .tpm(.noLibrary): .unsupported
      case .tpm(.silent): .timeout
      case .tpm(.notATPM): .usage
      case .tpm: .vaultLocked
      case .token: .vaultLocked
      case .exists, .changed, .notRecoverable(.notLost), .notRecoverable(.destroyed): .conflict
      case .notRecoverable: .attestationRefused
      case .malformedShare, .otherSeal: .usage
      case .heldByTenant: .policyViolation
      case .otherRecipient: .attestationRefused
      case .agent: .failure
      case .rootDamaged, .malformedSeal, .damagedEnvelope, .notAuthentic, .keyMissing: .corrupt
      case .crypto: .failure
      case .store(let error): Failure(store: error).exit
      }
    self.init(exit: exit, message: error.summary, hint: error.hint)
  }

  /// The vault does not need it: nothing is locked.
  private init(tpm problem: TPMProblem) {
    let exit: CVMExit =
      switch problem {
      case .noLibrary, .noRoom: .unsupported
      case .notATPM: .usage
      case .unreachable: .connection
      case .silent: .timeout
      case .otherTPM: .attestationRefused
      case .ownerPassword: .permission
      default: .failure
      }
    self.init(exit: exit, message: "the TPM: \(problem.words)", hint: problem.hint)
  }

  private init(store error: StoreError) {
    let exit: CVMExit =
      switch error {
      case .absent, .unreachable: .connection
      case .locked: .timeout
      case .corrupt: .corrupt
      case .permission: .permission
      case .newerVersion: .unsupported
      case .unwritable: .auditUnavailable
      case .notFound: .notFound
      case .exists, .conflict: .conflict
      case .constraint, .misuse, .failed: .failure
      }
    self.init(exit: exit, message: error.summary, hint: error.hint)
  }
}

extension String {
  /// Without line ends, and not without end: an error is one line, whatever it quotes.
  fileprivate var oneLine: String {
    let line = split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.utf8.count <= 2000 ? line : line.prefix(500) + "…" + line.suffix(200)
  }
}

/// The system's words for an errno.
enum SystemText {
  static func of(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
  }
}
