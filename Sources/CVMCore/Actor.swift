import Glibc

/// Who acts, and how the audit log names it.
enum Actor: Equatable, Sendable {
  /// Whoever the state directory belongs to: acts for any tenant.
  case `operator`
  /// The holder of a tenant's credential, by the credential's id: acts for that tenant alone.
  case holder(token: String)

  /// `uid:1000`, `token:5f0c…`
  var name: String {
    switch self {
    case .operator: "uid:\(geteuid())"
    case .holder(let token): "token:\(token)"
    }
  }
}
