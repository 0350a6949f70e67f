import Bytes
import CVMCrypto
import Documents

/// The one encoding of an audit record, version 1: JSON on one line without blanks, members in this order.
///
/// | member    | value                                                                      |
/// |-----------|----------------------------------------------------------------------------|
/// | `v`       | 1                                                                          |
/// | `seq`     | integer, from 1                                                            |
/// | `time`    | RFC 3339, UTC, milliseconds                                                |
/// | `tenant`, `actor`, `act`, `object` | text                                              |
/// | `phase`   | `act`, `attempt` or `outcome`                                              |
/// | `attempt` | the attempt's `seq`, only in an outcome                                    |
/// | `outcome` | text                                                                       |
/// | `detail`  | object                                                                     |
///
/// Quotes, backslashes, controls, line separators and direction marks are escaped as `JSONText` does it, so
/// that no name can end a record, begin another or hide from a reader.
enum AuditEncoding {
  static let version = 1

  static func encode(
    _ record: AuditRecord, sequence: Int64, phase: AuditPhase, attempt: Int64?, outcome: String
  ) throws(DocumentError) -> [UInt8] {
    var members: [Value.Member] = [
      .init("v", Value(version)), .init("seq", Value(sequence)),
      .init("time", .string(record.time.description)),
      .init("tenant", .string(record.tenant)), .init("actor", .string(record.actor)),
      .init("act", .string(record.act)), .init("object", .string(record.object)),
      .init("phase", .string(phase.rawValue)),
    ]
    if let attempt { members.append(.init("attempt", Value(attempt))) }
    members += [.init("outcome", .string(outcome)), .init("detail", record.detail)]
    return Array(try JSONText.emit(.object(members), pretty: false).utf8)
  }

  /// What the bytes say; nil unless they are the encoding of just that.
  static func decode(_ bytes: [UInt8], leafHash: [UInt8]) -> AuditEntry? {
    guard let value = try? JSONText.parse(bytes), let entry = entry(value, bytes, leafHash) else {
      return nil
    }
    let again = try? encode(
      entry.record, sequence: entry.sequence, phase: entry.phase, attempt: entry.attempt,
      outcome: entry.outcome)
    return again == bytes ? entry : nil
  }

  private static func entry(_ value: Value, _ bytes: [UInt8], _ leafHash: [UInt8]) -> AuditEntry? {
    guard let sequence = value["seq"]?.integer(Int64.self), let outcome = value["outcome"]?.text,
      let time = value["time"]?.text.flatMap({ Timestamp($0) }), let tenant = value["tenant"]?.text,
      let actor = value["actor"]?.text, let act = value["act"]?.text, let object = value["object"]?.text,
      let phase = value["phase"]?.text.flatMap(AuditPhase.init), let detail = value["detail"]
    else { return nil }
    let record = AuditRecord(
      time: time, tenant: tenant, actor: actor, act: act, object: object, detail: detail)
    return AuditEntry(
      sequence: sequence, record: record, phase: phase, attempt: value["attempt"]?.integer(),
      outcome: outcome,
      bytes: bytes, leafHash: leafHash)
  }

  /// A leaf of RFC 6962's tree.
  static func leafHash(_ record: [UInt8]) throws(CryptoError) -> [UInt8] { try SHA256.hash([0] + record) }
}
