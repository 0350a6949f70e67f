import Bytes
import Documents

/// Decides about each command: QEMU's, or the simulated AMD-SP's. A probe has no guest; only the platform's
/// capabilities are answered then.
///
/// | command                         | for a guest                                                       |
/// |---------------------------------|-------------------------------------------------------------------|
/// | `query-sev-capabilities`        | answered (also for a probe)                                       |
/// | `query-sev`                     | answered                                                          |
/// | `query-sev-launch-measure`      | answered                                                          |
/// | `sev-inject-launch-secret`      | LAUNCH_SECRET                                                     |
/// | `query-sev-attestation-report`  | ATTESTATION                                                       |
/// | `cont`                          | LAUNCH_FINISH, then QEMU's                                        |
/// | `query-migrate`                 | QEMU's reply, with the reason that blocks migration               |
/// | `set-action`                    | SEV-ES: without `reboot`, which stays `shutdown`                  |
/// | `qmp_capabilities`              | without out-of-band execution, which would break the order        |
/// | `migrate`, `snapshot-save`, …   | refused: QEMU would write the guest's plaintext                   |
/// | `dump-guest-memory`, …          | refused likewise                                                  |
/// | `human-monitor-command`         | the same rules for its command line                               |
struct Interception {
  enum Verdict: Equatable {
    /// Goes on as it came.
    case pass(ReplyQueue.Edit)
    /// Goes on in other words.
    case passInstead([UInt8])
    case answer([UInt8])
  }

  let platform: any PlatformAnswers
  let guest: (any GuestAnswers)?
  /// Known once QEMU has greeted.
  var version: QEMUVersion?

  func verdict(_ command: MonitorCommand) -> Verdict {
    do {
      return try decide(command)
    } catch {
      return .answer(MonitorReply.failure(error, id: command.id))
    }
  }

  private func decide(_ command: MonitorCommand) throws(MonitorRefusal) -> Verdict {
    switch command.name {
    case "query-sev-capabilities":
      try command.permit()
      return success(try platform.capabilities().value, command)
    case "qmp_capabilities":
      if command.arguments["enable"]?.elements?.contains(.string("oob")) == true { throw .noOutOfBand }
      return .pass(.none)
    default:
      guard let guest else { return .pass(.none) }
      return try decide(command, guest)
    }
  }

  private func decide(_ command: MonitorCommand, _ guest: any GuestAnswers) throws(MonitorRefusal) -> Verdict
  {
    switch command.name {
    case "query-sev":
      try command.permit()
      return success(try guest.status().value(qemu: version), command)
    case "query-sev-launch-measure":
      try command.permit()
      return success(.members(["data": .string(Base64.encode(try guest.measurement()))]), command)
    case "sev-inject-launch-secret": return try inject(command, guest)
    case "query-sev-attestation-report": return try report(command, guest)
    case "cont":
      try guest.finish()
      return .pass(.none)
    case "query-migrate": return .pass(.blockMigration)
    case "set-action": return guest.isES ? setAction(command) : .pass(.none)
    case "human-monitor-command": return try human(command, guest)
    case "migrate", "migrate-incoming", "snapshot-save", "snapshot-load", "xen-save-devices-state":
      throw .migration
    case "dump-guest-memory", "memsave", "pmemsave": throw .memoryNotReadable
    default: return .pass(.none)
    }
  }

  private func success(_ value: Value, _ command: MonitorCommand) -> Verdict {
    .answer(MonitorReply.success(value, id: command.id))
  }

  private func inject(_ command: MonitorCommand, _ guest: any GuestAnswers) throws(MonitorRefusal) -> Verdict
  {
    try command.permit("packet-header", "secret", "gpa")
    let header = try command.text("packet-header")
    let secret = try command.text("secret")
    try guest.inject(
      header: LenientBase64.decode(header.utf8), secret: LenientBase64.decode(secret.utf8),
      at: try command.unsigned("gpa"))
    return success(.object([]), command)
  }

  private func report(_ command: MonitorCommand, _ guest: any GuestAnswers) throws(MonitorRefusal) -> Verdict
  {
    try command.permit("mnonce")
    let nonce = LenientBase64.decode(try command.text("mnonce").utf8)
    guard nonce.count == 16 else { throw .nonceLength(nonce.count) }
    return success(.members(["data": .string(Base64.encode(try guest.report(nonce: nonce)))]), command)
  }

  /// The vCPUs of an SEV-ES guest cannot be reset, whatever is asked for.
  private func setAction(_ command: MonitorCommand) -> Verdict {
    var arguments = command.arguments
    guard arguments["reboot"] == .string("reset") else { return .pass(.none) }
    arguments["reboot"] = .string("shutdown")
    return .passInstead(command.with(arguments: arguments))
  }

  private func human(_ command: MonitorCommand, _ guest: any GuestAnswers) throws(MonitorRefusal) -> Verdict {
    switch HumanCommand(try command.text("command-line")) {
    case .informSEV: return success(.string(try guest.status().humanText(qemu: version)), command)
    case .proceed: try guest.finish()
    case .migrate: return humanRefusal(.migration, command)
    case .readMemory: return humanRefusal(.memoryNotReadable, command)
    case .other: break
    }
    return .pass(.none)
  }

  /// The human monitor prints its errors: the command that carries it succeeds.
  private func humanRefusal(_ refusal: MonitorRefusal, _ command: MonitorCommand) -> Verdict {
    success(.string("Error: \(refusal.text)\r\n"), command)
  }
}
