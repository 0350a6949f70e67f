package import Bytes
package import Documents

/// What somebody does, for the audit log. No member holds a secret.
package struct AuditRecord: Equatable, Sendable {
  package var time: Timestamp
  /// Whose rows the act touches; empty for acts on the whole store.
  package var tenant: String
  /// Who acts: `uid:1000`, `broker`, a certificate's name.
  package var actor: String
  /// What: `guest.define`.
  package var act: String
  /// To what: a guest's name, a key's.
  package var object: String
  /// More, an object; members in the order given.
  package var detail: Value

  package init(
    time: Timestamp, tenant: String, actor: String, act: String, object: String, detail: Value = [:]
  ) {
    self.time = time
    self.tenant = tenant
    self.actor = actor
    self.act = act
    self.object = object
    self.detail = detail
  }
}

package enum AuditPhase: String, Sendable {
  /// An act within the store, with its outcome.
  case act
  /// An act outside that was about to begin.
  case attempt
  /// How an attempt went.
  case outcome
}

/// A record as it stands in the log.
package struct AuditEntry: Equatable, Sendable {
  /// From 1, without gaps: the record is leaf `sequence - 1` of the log's tree.
  package let sequence: Int64
  package let record: AuditRecord
  package let phase: AuditPhase
  /// The attempt that this is the outcome of.
  package let attempt: Int64?
  /// `done` or `failed` for an act, empty for an attempt, the caller's word for an outcome.
  package let outcome: String
  /// The record's one encoding (`AuditEncoding`).
  package let bytes: [UInt8]
  /// SHA-256 of a zero byte and `bytes` (RFC 6962, section 2.1).
  package let leafHash: [UInt8]
}
