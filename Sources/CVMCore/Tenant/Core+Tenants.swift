import Bytes
import Documents
import StateStore
import Vault

extension Core {
  /// Every tenant by name; for the holder of a credential its own.
  package func tenants() throws(CoreError) -> [TenantOverview] {
    let store = try storeOfEveryTenant()
    guard acting == .operator else { return [try tenantOverview(tenant)] }
    return try stored { () throws(StoreError) in
      let holdings = try store.tenantHoldings(uncounted: Vault.kekObject)
      let escrows = Dictionary(grouping: try Vault.escrows(of: nil, in: store), by: \.tenant)
      let holders = try Vault.tenantsWithOwnKey(in: store)
      return try store.tenants().map {
        TenantOverview(
          $0, holdings[$0.name] ?? TenantHoldings(), holdsKey: holders.contains($0.name),
          escrows[$0.name] ?? [])
      }
    }
  }

  /// The tenants whose keys open and whose guests start; for the operator alone.
  package func activeTenants() throws(CoreError) -> [String] {
    try requireOperator("act for every tenant")
    let store = try storeOfEveryTenant()
    return try stored { () throws(StoreError) in try store.tenants() }.filter { $0.state == .active }.map(
      \.name)
  }

  package func tenantOverview(_ name: String) throws(CoreError) -> TenantOverview {
    let row = try knownTenant(name)
    let store = try storeOfEveryTenant()
    return try stored { () throws(StoreError) in
      TenantOverview(
        row, try store.holdings(ofTenant: row.name, uncounted: Vault.kekObject),
        holdsKey: try Vault.tenantsWithOwnKey(in: store).contains(row.name),
        try Vault.escrows(of: row.name, in: store))
    }
  }

  /// - Parameter holder: the file of a recipient: the tenant holds the private half of its KEK, and the vault seals only.
  package func createTenant(
    _ name: String, labels: [(key: String, value: String)], holder: String? = nil
  ) throws(CoreError) -> TenantOverview {
    try requireWritable()
    try requireOperator("create tenants")
    let name = try TenantName.check(name)
    let text = try NamedTexts.format(Dictionary(labels, uniquingKeysWith: { $1 }))
    guard try tenantRow(name, in: try storeOfEveryTenant()) == nil else {
      throw .alreadyExists(.tenant, name)
    }
    guard let holder else {
      try act("tenant.create", on: name) { (transaction) throws(StoreError) in
        try transaction.createTenant(labels: text)
      }
      return try tenantOverview(name)
    }
    let recipient = try RecipientFiles.recipient(holder)
    let vault = try vaultOfEveryTenant()
    let record = AuditRecord(
      time: Timestamp.now(), tenant: name, actor: actor, act: "tenant.create", object: name,
      detail: ["holder": .string(Hex.encode(recipient.fingerprint))])
    try storeOfEveryTenant().act(record) { (transaction) throws(CoreError) in
      try stored { () throws(StoreError) in try transaction.createTenant(labels: text) }
      do throws(VaultError) { try vault.hold(recipient, in: transaction) } catch { throw .vault(error) }
    }
    return try tenantOverview(name)
  }

  /// The vault for what belongs to no active tenant's keys, whatever the acting tenant's state is.
  func vaultOfEveryTenant() throws(CoreError) -> Vault {
    let store = try storeOfEveryTenant()
    do {
      let vault = try Vault(store: store, actor: actor, patience: .seconds(timeout))
      _ = try vault.auditSigner(at: .now())
      return vault
    } catch {
      throw .vault(error)
    }
  }

  /// Sets labels, and takes some away.
  package func labelTenant(
    _ name: String, _ labels: [(key: String, value: String)], removing keys: [String]
  ) throws(CoreError) -> TenantOverview {
    try requireWritable()
    let row = try governedTenant(name, "label tenants")
    var all = NamedTexts.parse(row.labels)
    for key in keys {
      guard all.removeValue(forKey: key) != nil else {
        throw .conflict("tenant '\(name)' has no label '\(key)'")
      }
    }
    let text = try NamedTexts.format(all.merging(labels, uniquingKeysWith: { $1 }))
    try act("tenant.label", on: name) { (transaction) throws(StoreError) in
      // Asked again here, where nobody else can come in between.
      guard try transaction.tenantRow(name)?.labels == row.labels else {
        throw .conflict(kind: "tenant", name: name, reason: "was changed meanwhile")
      }
      try transaction.setTenantLabels(text)
    }
    return try tenantOverview(name)
  }

  /// From now on the tenant's guests don't start and its keys don't open. What runs goes on running.
  package func suspendTenant(_ name: String) throws(CoreError) -> TenantOverview {
    try setTenant(name, .suspended, act: "tenant.suspend")
  }

  package func resumeTenant(_ name: String) throws(CoreError) -> TenantOverview {
    try setTenant(name, .active, act: "tenant.resume")
  }

  private func setTenant(
    _ name: String, _ state: TenantState, act word: String
  ) throws(CoreError) -> TenantOverview {
    try requireWritable()
    _ = try governedTenant(name, "suspend or resume tenants")
    try act(word, on: name) { (transaction) throws(StoreError) in
      let found = try transaction.tenantRow(name)?.state
      guard found != .destroyed else {
        throw .conflict(kind: "tenant", name: name, reason: "is destroyed: its keys are gone")
      }
      guard found != state else {
        throw .conflict(kind: "tenant", name: name, reason: "is \(state.rawValue) already")
      }
      try transaction.setTenantState(state)
    }
    return try tenantOverview(name)
  }

  /// Removes a tenant that owns nothing, or a destroyed one without guests. Its audit records stay.
  package func deleteTenant(_ name: String) throws(CoreError) -> TenantOverview {
    try requireWritable()
    _ = try governedTenant(name, "delete tenants")
    try requireDeletable(name)
    let overview = try tenantOverview(name)
    try act("tenant.delete", on: name) { (transaction) throws(StoreError) in try transaction.deleteTenant() }
    return overview
  }

  /// The tenant of who never names one stays.
  func requireDeletable(_ name: String) throws(CoreError) {
    guard name != StateStore.defaultTenant else {
      throw .conflict("tenant '\(name)' is there for good", hint: nil)
    }
  }

  /// An act on a tenant, recorded as one of its own.
  @discardableResult
  func act<Result>(
    _ act: String, on tenant: String, detail: Value = [:],
    _ body: (borrowing Transaction) throws(StoreError) -> Result
  ) throws(CoreError) -> Result {
    let record = AuditRecord(
      time: Timestamp.now(), tenant: tenant, actor: actor, act: act, object: tenant, detail: detail)
    let store = try storeOfEveryTenant()
    return try stored { () throws(StoreError) in try store.act(record, body) }
  }
}
