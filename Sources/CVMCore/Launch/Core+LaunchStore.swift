import Bytes
import CVMCrypto
import SEV
import StateStore
import Vault

/// How launches are kept: begun before anything is started, ended when their end is known.
extension Core {
  /// Keeps the keys, wrapped, and the begun record.
  func begin(_ record: LaunchRecord, keys: TransportKeys?) throws(CoreError) {
    if keys != nil { try prepareVault() }
    try acted("launch.begin", object: record.guest, detail: record.auditDetail) {
      transaction throws(CoreError) in
      try requireActive(transaction)
      let wrapped = try keys.map { keys throws(CoreError) in try wrap(keys, of: record) }
      let row = try record.row(keys: wrapped)
      try stored { () throws(StoreError) in try transaction.insert(row) }
    }
  }

  private func wrap(_ keys: TransportKeys, of record: LaunchRecord) throws(CoreError) -> WrappedTransportKeys
  {
    try vaulted { vault throws(VaultError) in
      WrappedTransportKeys(
        tek: try vault.wrap(keys.tek, for: record.keyContext("tek"), at: .now()),
        tik: try vault.wrap(keys.tik, for: record.keyContext("tik"), at: .now()))
    }
  }

  /// Keeps what is known now. A launch that failed before it began is kept too. `keepsKeys` false: the launch is over, its keys go.
  func keep(_ record: LaunchRecord, act: String, keepsKeys: Bool) throws(CoreError) {
    try acted(act, object: record.guest, detail: record.auditDetail) { transaction throws(CoreError) in
      // The keys as they are wrapped now: the KEK may have been rotated since they were last looked at.
      let known = try stored { () throws(StoreError) in
        try transaction.launch(tenant: tenant, id: record.id)
      }
      let row = try record.row(keys: keepsKeys ? known?.wrappedKeys : nil)
      try stored { () throws(StoreError) in
        if known == nil { try transaction.insert(row) } else { try transaction.update(row) }
      }
    }
  }

  /// The guest's latest launch at this host.
  func latestLaunch(of guest: RecordedGuest) throws(CoreError) -> LaunchRow? {
    let store = try store()
    return try stored { () throws(StoreError) in
      try store.launches(
        tenant: tenant, uri: guest.row.summary.uri, guestUUID: guest.row.summary.uuid, limit: 1
      ).first
    }
  }

  /// The keys of a launch that is not over.
  func transportKeys(of row: LaunchRow, _ record: LaunchRecord) throws(CoreError) -> TransportKeys {
    guard let wrapped = row.wrappedKeys else {
      if Self.waitsForOwner(record, row) {
        throw .conflict(
          "the keys of launch \(record.id) are with the owner of its session",
          hint: "there: cvmctl launch verify --tik FILE --tek FILE --measurement BASE64 …")
      }
      throw .conflict("the keys of launch \(record.id) are gone: it is over, or had no session", hint: nil)
    }
    let vault = try vault()
    let tek: SecretBytes
    let tik: SecretBytes
    do {
      tek = try vault.unwrap(wrapped.tek, for: record.keyContext("tek"))
      tik = try vault.unwrap(wrapped.tik, for: record.keyContext("tik"))
    } catch {
      throw .vault(error)
    }
    do {
      return try TransportKeys(tek: tek, tik: tik)
    } catch {
      throw .crypto(error)
    }
  }

  /// A paused launch whose session's keys are not here: only their owner can judge its measurement.
  static func waitsForOwner(_ record: LaunchRecord, _ row: LaunchRow) -> Bool {
    record.outcome == .paused && record.attestable && record.verdict == .pending && row.wrappedKeys == nil
  }

  /// Counts the one injection that a launch may have, on disk, before the packet leaves. `byOwner`: the packet was made with the
  /// keys of a session that are not here; whoever has them judged the measurement, and the AMD-SP takes no other packet.
  func spendInjection(of record: inout LaunchRecord, count: Int, byOwner: Bool = false) throws(CoreError) {
    guard record.verdict == .match || byOwner else {
      throw .conflict(
        "guest '\(record.guest)' has no matching measurement", hint: "verify it: cvmctl launch verify")
    }
    guard record.secretsInjected == 0 else {
      throw .conflict(
        "guest '\(record.guest)' had its secrets in this launch", hint: "destroy it and start it again")
    }
    record.secretsInjected = max(1, count)
    try keep(record, act: "launch.secret", keepsKeys: true)
  }

  /// What an act on a launched guest means for its launch: destroyed, it is over; resumed, it runs.
  func follow(_ act: Act, of guest: FoundGuest) throws(CoreError) {
    guard let recorded = guest.recorded, recorded.type != nil, let row = try latestLaunch(of: recorded) else {
      return
    }
    var record = try LaunchRecord(row: row)
    switch (act, record.outcome) {
    case (.destroy, .running), (.destroy, .paused), (.destroy, .pending), (.destroy, .unknown):
      record.outcome = .destroyed
      record.endedAt = Timestamp.now().description
    case (.resume, .paused): record.outcome = .running
    default: return
    }
    try keep(record, act: "launch.end", keepsKeys: record.outcome == .running)
  }

  /// A launched guest is resumed only after its measurement matched, or where it was launched without a session by name.
  /// `ownerAccepted`: so does the operator's word for an owner who has the session's keys.
  func requireAppraised(_ guest: FoundGuest, ownerAccepted: Bool) throws(CoreError) {
    guard let recorded = guest.recorded, recorded.type != nil else { return }
    guard let row = try latestLaunch(of: recorded) else { throw .policy(.unattestable(guest: recorded.name)) }
    let record = try LaunchRecord(row: row)
    switch record.outcome {
    case .running: return  // suspended since: its launch was appraised
    case .paused where record.verdict == .match || !record.attestable: return
    case .paused where Self.waitsForOwner(record, row):
      guard ownerAccepted else {
        throw .conflict(
          "guest '\(recorded.name)' waits for the owner of its session to accept the measurement",
          hint: "inject the owner's packet, or say that the owner accepted: cvmctl resume --owner-accepted")
      }
    default: throw .measurementMismatch(guest: recorded.name, differences: record.differences)
    }
  }
}
