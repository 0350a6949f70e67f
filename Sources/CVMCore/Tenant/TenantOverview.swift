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
  package var simulated = false

  init(_ row: TenantRow, _ holdings: TenantHoldings) {
    name = row.name
    state = row.state.rawValue
    labels = NamedTexts.parse(row.labels)
    guests = holdings.guests
    keys = holdings.keys
    launches = holdings.launches
    createdAt = row.createdAt.description
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
