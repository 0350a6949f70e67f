package import Bytes
import Documents

/// The record by which the log's keys name those that sign after them: theirs is the last head that the old ones sign. Its object is
/// the log's new name, its detail `keys` an array of the new keys in their text form (`VerifierKey`).
extension AuditRecord {
  /// - Parameter keys: of one name; at least one.
  package init(successors keys: [VerifierKey], actor: String, at time: Timestamp) {
    self.init(
      time: time, tenant: "", actor: actor, act: Self.rekey, object: keys.first?.name ?? "",
      detail: ["keys": .array(keys.map { .string($0.text) })])
  }

  /// The act.
  package static let rekey = "audit.rekey"

  /// The keys that it names; nil for the record of another act.
  package var successors: [String]? {
    guard act == Self.rekey, let keys = detail["keys"]?.elements else { return nil }
    return keys.compactMap(\.text)
  }
}
