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
    try requireActive()
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
    let byOwner = Self.waitsForOwner(record, row)
    guard record.outcome == .paused, record.verdict == .match || byOwner else {
      throw .conflict(
        "guest '\(record.guest)' has no launch that waits for a secret",
        hint: "start it again with --paused")
    }
    let (packet, count) =
      byOwner
      ? try ownersPacket(injection, guest, record)
      : try packet(
        injection, guest, record, try appraisedAgain(guest, record, row),
        keys: try transportKeys(of: row, record))
    try requireSecretArea(guest, size: packet.ciphertext.count)
    try give(packet, at: nil, to: guest.uuid, &record, row, count: count, byOwner: byOwner)
    return record
  }

  /// Counts the injection, then hands the packet over. One that the AMD-SP took was made with the launch's TIK for its very
  /// measurement: from then on that one is known to match, whoever appraised it. One that it refused counts for nothing.
  private func give(
    _ packet: SecretPacket, at address: UInt64?, to uuid: GuestUUID, _ record: inout LaunchRecord,
    _ row: LaunchRow, count: Int, byOwner: Bool
  ) throws(CoreError) {
    try spendInjection(of: &record, count: count, byOwner: byOwner)
    var accepted = record
    accepted.verdict = .match
    let acceptedRow = try accepted.row(keys: row.wrappedKeys)
    do throws(CoreError) {
      try audited(
        "secret.inject", object: record.guest, detail: [("launch", record.id)],
        { backend throws(BackendError) in
          try backend.inject(header: packet.header, payload: packet.ciphertext, address: address, into: uuid)
        },
        keep: { transaction, _ throws(StoreError) in
          var row = acceptedRow
          // As they are wrapped now: the KEK may have been rotated meanwhile.
          let known = try transaction.launch(tenant: tenant, id: row.id)
          row.wrappedTEK = known?.wrappedTEK
          row.wrappedTIK = known?.wrappedTIK
          try transaction.update(row)
        })
    } catch {
      guard case .backend(let problem) = error else { throw error }
      if case .outcomeUnknown = problem { throw error }
      record.secretsInjected = 0
      try keep(record, act: "launch.secret.refused", keepsKeys: true)
      throw error
    }
    record = accepted
  }

  /// A packet is all that can be given where the keys are elsewhere, and only to the launch that was recorded.
  private func ownersPacket(
    _ injection: SecretInjection, _ guest: RecordedGuest, _ record: LaunchRecord
  ) throws(CoreError) -> (packet: SecretPacket, count: Int) {
    guard case .packet(let prefix) = injection else {
      throw .conflict(
        "the keys of launch \(record.id) are with the owner of its session",
        hint: "inject a packet that was built there: --packet PREFIX")
    }
    _ = try sameLaunch(guest, record)
    return (try SecretFiles.load(prefix: prefix), 1)
  }

  /// Hands a packet that was made elsewhere to the AMD-SP, as `virsh domsetlaunchsecstate`: the files hold base64.
  package func injectPacket(
    headerFile: String, payloadFile: String, address: UInt64?, into name: String
  ) throws(CoreError) -> GuestOverview {
    try requireWritable()
    let found = try find(name)
    try requireActive()
    let packet = try SecretFiles.load(header: headerFile, payload: payloadFile)
    if let guest = found.recorded, guest.type != nil {
      let lock = try GuestLock(guest.uuid, directory: stateDirectory)
      defer { lock.release() }
      guard let row = try latestLaunch(of: guest) else { throw .policy(.unattestable(guest: guest.name)) }
      var record = try LaunchRecord(row: row)
      let byOwner = Self.waitsForOwner(record, row)
      if byOwner { _ = try sameLaunch(guest, record) }
      // A match by the owner's packet was never appraised here: its one injection is spent.
      if record.verdict == .match, row.wrappedKeys != nil { _ = try appraisedAgain(guest, record, row) }
      try give(packet, at: address, to: guest.uuid, &record, row, count: 1, byOwner: byOwner)
    } else {
      try audited("secret.inject", object: found.state.name) { backend throws(BackendError) in
        try backend.inject(
          header: packet.header, payload: packet.ciphertext, address: address, into: found.state.uuid)
      }
    }
    return summary(of: found.state, found.recorded)
  }

  private func packet(
    _ injection: SecretInjection, _ guest: RecordedGuest, _ record: LaunchRecord, _ launch: AppraisedLaunch,
    keys: TransportKeys
  ) throws(CoreError) -> (packet: SecretPacket, count: Int) {
    switch injection {
    case .packet(let prefix): return (try SecretFiles.load(prefix: prefix), 1)
    case .secrets(let sources):
      let secrets = try LaunchSecrets(sources, expected: guest.secrets) { name throws(CoreError) in
        try launchKey(name, for: record)
      }
      guard let packet = try secrets.packet(for: launch, keys: keys) else {
        throw .usage("no secret was given")
      }
      return (packet, secrets.table?.entries.count ?? 1)
    }
  }

  private func requireSecretArea(_ guest: RecordedGuest, size: Int) throws(CoreError) {
    let definition = try guest.definition()
    guard let path = definition.loader?.path else { return }
    guard let area = try MeasuredFirmware(file: path).image.secretArea, area.isOffered else {
      throw .unsupportedFirmware(path: path, .noSecretArea)
    }
    guard size <= area.size else {
      throw .unsupportedFirmware(path: path, .secretAreaTooSmall(needed: size, area: area.size))
    }
  }

  /// What the host says of the launch now. Another launch has another nonce and with it another measurement.
  private func sameLaunch(
    _ guest: RecordedGuest, _ record: LaunchRecord
  ) throws(CoreError) -> LaunchSecurityInfo {
    let info = try hosted { backend throws(BackendError) in try backend.launchSecurity(guest.uuid) }
    guard let info, let bytes = info.measurement, Hex.encode(bytes.prefix(32)) == record.measurement else {
      throw .measurementMismatch(
        guest: record.guest, differences: ["the guest was launched anew since it was appraised"])
    }
    return info
  }

  /// The launch that the host holds now, appraised against the digest that was expected: another launch has another nonce, and a
  /// secret goes only into the one that matched.
  private func appraisedAgain(
    _ guest: RecordedGuest, _ record: LaunchRecord, _ row: LaunchRow
  ) throws(CoreError) -> AppraisedLaunch {
    let info = try sameLaunch(guest, record)
    guard let policy = guest.policy?.sev, let digest = record.expectedDigest.flatMap(Hex.decode) else {
      throw .conflict("launch \(record.id) has no expected digest")
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
