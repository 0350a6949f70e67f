import Bytes
import Documents
import FoundationEssentials
import StateStore
import Vault

extension LaunchRecord {
  /// The row that keeps this record. Wrapped keys are in `keys` where the launch still may need them.
  func row(keys: WrappedTransportKeys?) throws(CoreError) -> LaunchRow {
    guard let start = Timestamp(startedAt) else { throw .usage("the launch record has no start") }
    let json: String
    do {
      json = try JSONText.emit(try ValueEncoder.encode(self), pretty: false)
    } catch {
      throw .usage("the launch record cannot be written")
    }
    return LaunchRow(
      id: id, uri: uri, guestUUID: uuid.rawValue, guestName: guest, startedAt: start,
      endedAt: endedAt.flatMap { Timestamp($0) }, outcome: outcome.rawValue, verdict: verdict.rawValue,
      secretsInjected: Int64(secretsInjected), record: json, wrappedTEK: keys?.tek, wrappedTIK: keys?.tik)
  }

  init(row: LaunchRow) throws(CoreError) {
    do {
      self = try JSONDecoder().decode(LaunchRecord.self, from: Data(row.record.utf8))
    } catch {
      throw .store(.corrupt(file: StateStore.fileName, reason: "the record of launch \(row.id)"))
    }
  }

  func keyContext(_ purpose: String) -> KeyContext {
    Self.keyContext(tenant: tenant, launch: id, purpose)
  }

  /// `tek` or `tik` of a launch.
  static func keyContext(tenant: String, launch: String, _ purpose: String) -> KeyContext {
    KeyContext(tenant: tenant, object: "launch/\(launch)", version: 1, purpose: purpose)
  }

  /// What the audit log says of a launch.
  var auditDetail: [(key: String, value: String)] {
    let exposed = (allowsDebug ? ["debug"] : []) + (allowsKeySharing ? ["key-sharing"] : [])
    return [
      ("launch", id), ("type", type.rawValue), ("policy", policy),
      ("simulated", simulated ? "true" : "false"),
      ("verdict", verdict.rawValue), ("outcome", outcome.rawValue),
      ("exposed", exposed.joined(separator: ",")),
    ]
  }
}

/// The keys of a launch as the store keeps them.
struct WrappedTransportKeys: Equatable, Sendable {
  let tek: [UInt8]
  let tik: [UInt8]
}

extension LaunchRow {
  var wrappedKeys: WrappedTransportKeys? {
    guard let wrappedTEK, let wrappedTIK else { return nil }
    return WrappedTransportKeys(tek: wrappedTEK, tik: wrappedTIK)
  }
}
