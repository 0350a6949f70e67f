import Bytes
import StateStore

/// A tenant as commands show it.
package struct TenantOverview: Encodable, Equatable, Sendable {
  package var name: String
  /// `active`, `suspended` or `destroyed`.
  package var state: String
  package var labels: [String: String]
  package var guests: Int
  /// Versions of its keys, without the vault's own.
  package var keys: Int
  package var launches: Int
  package var createdAt: String
  /// `vault`, or `tenant` where the tenant alone can open its keys.
  package var keysHeldBy: String
  /// Who keeps a KEK of the tenant.
  package var escrow: [KEKEscrow]
  package var simulated = false

  init(_ row: TenantRow, _ holdings: TenantHoldings, holdsKey: Bool, _ escrows: [KEKEscrowRow]) {
    name = row.name
    state = row.state.rawValue
    labels = NamedTexts.parse(row.labels)
    guests = holdings.guests
    keys = holdings.keys
    launches = holdings.launches
    createdAt = row.createdAt.description
    keysHeldBy = holdsKey ? "tenant" : "vault"
    escrow = escrows.map(KEKEscrow.init)
  }
}

/// A tenant's credential as commands show it: never the credential itself.
package struct TenantToken: Encodable, Equatable, Sendable {
  package var id: String
  package var tenant: String
  package var createdAt: String
  package var simulated = false

  init(_ row: TenantTokenRow) {
    id = row.id
    tenant = row.tenant
    createdAt = row.createdAt.description
  }
}
