import StateStore

/// Who may do what, and for whom.
extension Core {
  /// Throws for the holder of a tenant's credential.
  package func requireOperator(_ act: String) throws(CoreError) {
    guard acting == .operator else {
      throw .forbidden("a tenant's credential does not allow to \(act)", hint: "the operator can")
    }
  }

  /// Throws where the tenant is suspended or destroyed: its guests don't start, its keys don't open.
  package func requireActive() throws(CoreError) {
    try Self.requireActive(try tenantRow(tenant, in: try store()), tenant)
  }

  /// As `requireActive()`, within an act: nobody can suspend the tenant between this and its end.
  func requireActive(_ transaction: borrowing Transaction) throws(CoreError) {
    let row: TenantRow?
    do {
      row = try transaction.tenantRow(tenant)
    } catch {
      throw .store(error)
    }
    try Self.requireActive(row, tenant)
  }

  private static func requireActive(_ row: TenantRow?, _ tenant: String) throws(CoreError) {
    switch row?.state {
    case .active: return
    case .suspended: throw .policy(.tenantSuspended(tenant))
    case .destroyed: throw .policy(.tenantDestroyed(tenant))
    case nil: throw .notFound(.tenant, tenant)
    }
  }

  func tenantRow(_ name: String, in store: StateStore) throws(CoreError) -> TenantRow? {
    try stored { () throws(StoreError) in try store.tenantRow(name) }
  }

  /// A tenant by name, as far as the actor sees any: for the holder of a credential there is only its own.
  func knownTenant(_ name: String) throws(CoreError) -> TenantRow {
    let name = try TenantName.check(name)
    let row = try tenantRow(name, in: try storeOfEveryTenant())
    guard let row, acting == .operator || name == tenant else { throw .notFound(.tenant, name) }
    return row
  }

  /// As `knownTenant(_:)`, for an act that only the operator may do.
  func governedTenant(_ name: String, _ act: String) throws(CoreError) -> TenantRow {
    let row = try knownTenant(name)
    try requireOperator(act)
    return row
  }
}
