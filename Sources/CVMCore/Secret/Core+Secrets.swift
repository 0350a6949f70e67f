import Attestation
import Bytes
import SEV
import StateStore

/// What `secret inject` gives to a guest.
package enum SecretInjection: Sendable {
  case secrets([SecretSource])
  /// Files of `secret build`.
  case packet(prefix: String)
}

extension Core {
  /// Gives secrets to a paused guest whose measurement matched in this very launch, at most once.
  package func injectSecrets(_ injection: SecretInjection, into name: String) throws(CoreError)
    -> LaunchRecord
  {
    try requireWritable()
    let found = try find(name)
    guard let guest = found.recorded, guest.type != nil else {
      throw .unsupported("guest '\(found.state.name)' has no launch security")
    }
    let lock = try GuestLock(guest.uuid, directory: stateDirectory)
    defer { lock.release() }
    guard found.state.state == .paused else {
      throw .conflict(
        "guest '\(found.state.name)' is \(found.state.state.rawValue): a secret goes into a paused launch",
        hint: "start it with --paused")
    }
    guard let row = try latestLaunch(of: guest) else { throw .policy(.unattestable(guest: guest.name)) }
    var record = try LaunchRecord(row: row)
    guard record.outcome == .paused, record.verdict == .match else {
      throw .conflict(
        "guest '\(record.guest)' has no launch that waits for a secret",
        hint: "verify it first: cvmctl launch verify")
    }
    let launch = try appraisedAgain(guest, record, row)
    let (packet, count) = try packet(injection, guest, launch, keys: try transportKeys(of: row, record))
    try requireSecretArea(guest, size: packet.ciphertext.count)
    try spendInjection(of: &record, count: count)
    try audited("secret.inject", object: record.guest, detail: [("launch", record.id)]) {
      backend throws(BackendError) in
      try backend.inject(header: packet.header, payload: packet.ciphertext, address: nil, into: guest.uuid)
    }
    return record
  }

  /// Hands a packet that was made elsewhere to the AMD-SP, as `virsh domsetlaunchsecstate`: the files hold base64.
  package func injectPacket(
    headerFile: String, payloadFile: String, address: UInt64?, into name: String
  ) throws(CoreError) -> GuestOverview {
    try requireWritable()
    let found = try find(name)
    let packet = try SecretFiles.load(header: headerFile, payload: payloadFile)
    var lock: GuestLock?
    defer { lock?.release() }
    if let guest = found.recorded, guest.type != nil {
      lock = try GuestLock(guest.uuid, directory: stateDirectory)
      guard let row = try latestLaunch(of: guest) else { throw .policy(.unattestable(guest: guest.name)) }
      var record = try LaunchRecord(row: row)
      if record.verdict == .match { _ = try appraisedAgain(guest, record, row) }
      try spendInjection(of: &record, count: 1)
    }
    try audited("secret.inject", object: found.state.name) { backend throws(BackendError) in
      try backend.inject(
        header: packet.header, payload: packet.ciphertext, address: address, into: found.state.uuid)
    }
    return summary(of: found.state, found.recorded)
  }

  private func packet(
    _ injection: SecretInjection, _ guest: RecordedGuest, _ launch: AppraisedLaunch, keys: TransportKeys
  ) throws(CoreError) -> (packet: SecretPacket, count: Int) {
    switch injection {
    case .packet(let prefix): return (try SecretFiles.load(prefix: prefix), 1)
    case .secrets(let sources):
      let secrets = try LaunchSecrets(sources, expected: guest.secrets)
      guard let packet = try secrets.packet(for: launch, keys: keys) else {
        throw .usage("no secret was given")
      }
      return (packet, secrets.table?.entries.count ?? 1)
    }
  }

  private func requireSecretArea(_ guest: RecordedGuest, size: Int) throws(CoreError) {
    let definition = try guest.definition()
    guard let path = definition.loader?.path,
      case let bytes = try InputFile.read(path, limit: InputFile.firmwareLimit),
      let image = try? FirmwareImage(parsing: bytes)
    else { return }
    guard let area = image.secretArea, area.isOffered else {
      throw .unsupportedFirmware(path: path, .noSecretArea)
    }
    guard size <= area.size else {
      throw .unsupportedFirmware(path: path, .secretAreaTooSmall(needed: size, area: area.size))
    }
  }

  /// The launch that the host holds now, appraised against the digest that was expected: another launch has another nonce, and a
  /// secret goes only into the one that matched.
  private func appraisedAgain(
    _ guest: RecordedGuest, _ record: LaunchRecord, _ row: LaunchRow
  ) throws(CoreError) -> AppraisedLaunch {
    let info = try hosted { backend throws(BackendError) in try backend.launchSecurity(guest.uuid) }
    guard let info, let bytes = info.measurement, let policy = guest.policy?.sev,
      let digest = record.expectedDigest.flatMap(Hex.decode),
      Hex.encode(bytes.prefix(32)) == record.measurement
    else {
      throw .measurementMismatch(
        guest: record.guest, differences: ["the guest was launched anew since it was appraised"])
    }
    let keys = try transportKeys(of: row, record)
    let evidence = try LaunchEvidence(info, guest: record.guest)
    let verdict = try LaunchVerification.appraise(
      evidence, LaunchReference(policy: policy, firmware: .any, digests: [digest]), tik: keys.tik
    ).verdict
    guard let launch = verdict.launch else {
      throw .measurementMismatch(guest: record.guest, differences: verdict.differences.map(\.summary))
    }
    return launch
  }
}
