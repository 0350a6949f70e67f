import Bytes
import Documents
import StateStore

/// That somebody keeps a version of a tenant's KEK: they can open all that it has sealed.
package struct KEKEscrow: Encodable, Equatable, Sendable {
  package var version: Int64
  /// Of the version: in an escrow of an old one nothing is left that it opens.
  package var state: String
  /// A recipient's fingerprint, or the number of a set of shares; hex.
  package var holder: String
  /// So many of the shares are enough; nil for a recipient.
  package var threshold: Int?
  package var shares: Int?
  package var createdAt: String
  package var simulated = false

  init(_ row: KEKEscrowRow) {
    version = row.version
    state = row.state
    holder = Hex.encode(row.holder)
    threshold = row.threshold
    shares = row.shares
    createdAt = row.createdAt.description
  }

  /// Of an audit record's detail; nil for anything else.
  init?(recorded value: Value) {
    guard let version = value["version"]?.integer(Int64.self), let state = value["state"]?.text,
      let holder = value["holder"]?.text, let createdAt = value["createdAt"]?.text
    else { return nil }
    self.version = version
    self.state = state
    self.holder = holder
    threshold = value["threshold"]?.integer()
    shares = value["shares"]?.integer()
    self.createdAt = createdAt
  }
}
