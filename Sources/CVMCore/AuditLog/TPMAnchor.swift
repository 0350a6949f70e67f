import Bytes
import Documents
import StateStore
package import Vault

/// What a record says of the log's anchor in a TPM.
///
/// | detail    | value                                                        |
/// |-----------|--------------------------------------------------------------|
/// | `tpm`     | `TPMCounter.tpm` in hexadecimal                              |
/// | `counter` | the value that the counter was about to be raised to         |
/// | `tcti`    | where the TPM is, if somebody said it                        |
package struct TPMAnchor: Equatable, Sendable {
  /// The record's number, which is also the number of records that are anchored.
  package let sequence: Int64
  package let tpm: [UInt8]
  package let counter: UInt64
  package let address: TPMAddress?
  /// The counter was seen to have the value.
  package let isDone: Bool

  /// Nil for a record that is none of an anchor in a TPM.
  init?(_ entry: AuditEntry, isDone: Bool) {
    let detail = entry.record.detail
    guard let tpm = detail["tpm"]?.text.flatMap({ Hex.decode($0) }),
      let counter = detail["counter"]?.text.flatMap({ UInt64($0) })
    else { return nil }
    sequence = entry.sequence
    self.tpm = tpm
    self.counter = counter
    address = detail["tcti"]?.text.flatMap { TPMAddress($0) }
    self.isDone = isDone
  }

  static func detail(
    _ counter: TPMCounter, raisedTo value: UInt64, at address: TPMAddress?
  ) -> [(key: String, value: String)] {
    [("tpm", Hex.encode(counter.tpm)), ("counter", String(value))]
      + (address.map { [("tcti", $0.tcti)] } ?? [])
  }

  /// Attempts that may have failed one after the other before the counter is taken for one that was put back itself.
  private static let most: UInt64 = 64

  /// What is amiss between a log's newest anchor and the counter; nil if nothing is.
  static func problem(_ anchor: TPMAnchor?, _ counter: TPMCounter) -> TPMAnchorProblem? {
    guard let anchor else { return counter.value.map { .ahead($0, of: nil) } }
    guard anchor.tpm == counter.tpm else { return .otherTPM }
    guard let value = counter.value else { return .noCounter }
    if value > anchor.counter { return .ahead(value, of: anchor.counter) }
    let missing = anchor.counter - value
    return missing > (anchor.isDone ? 0 : most) ? .behind(value, of: anchor.counter) : nil
  }
}

/// How a log and its counter in a TPM differ.
package enum TPMAnchorProblem: Equatable, Sendable {
  /// The log lacks the anchor that the counter stands for: it was put back.
  case ahead(UInt64, of: UInt64?)
  /// The counter was put back.
  case behind(UInt64, of: UInt64)
  case otherTPM
  case noCounter

  package var words: String {
    switch self {
    case .ahead(let value, let newest):
      "the TPM counts \(value), the log's newest anchor is \(newest.map(String.init) ?? "none"): the log was rolled back"
    case .behind(let value, let newest):
      "the TPM counts \(value), the log's newest anchor is \(newest): the TPM itself was put back"
    case .otherTPM: "the log is anchored in another TPM, or this one's owner was cleared since"
    case .noCounter: "the TPM has the log's counter no more: somebody removed it"
    }
  }
}
