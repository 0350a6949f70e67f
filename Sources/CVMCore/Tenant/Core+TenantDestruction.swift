import Bytes
import Documents
import StateStore
import Vault

/// Crypto-erasure: what a tenant's keys have sealed is lost with them, wherever copies of it are.
extension Core {
  /// Erases every key of a tenant without active guests, and says what was erased. Its guests, records and policies stay
  /// readable. Of a tenant that is destroyed already: makes sure that nothing is left in a file, and says it again.
  package func destroyTenant(_ name: String) throws(CoreError) -> DestructionCertificate {
    try requireWritable()
    let row = try governedTenant(name, "destroy tenants")
    try requireDeletable(name)
    let store = try storeOfEveryTenant()
    // Before anything is erased: a locked vault signs nothing.
    let vault = try vaultOfEveryTenant()
    let signer: AuditSigner
    do { signer = try vault.auditSigner(at: .now()) } catch { throw .vault(error) }
    var certificate: DestructionCertificate
    if row.state == .destroyed {
      certificate = try keptCertificate(of: name)
    } else {
      try requireAtRest(name)
      certificate = try erase(name)
    }
    try stored { () throws(StoreError) in try store.purge() }
    certificate.note = try certificate.signed(by: signer)
    return certificate
  }

  private func erase(_ name: String) throws(CoreError) -> DestructionCertificate {
    let store = try storeOfEveryTenant()
    let now = Timestamp.now()
    let (envelopes, escrows) = try stored { () throws(StoreError) in
      (try store.envelopeDigests(tenant: name), try Vault.escrows(of: name, in: store))
    }
    let certificate = try DestructionCertificate(
      name, envelopes, escrow: escrows.map(KEKEscrow.init), at: now, by: actor)
    let record = AuditRecord(
      time: now, tenant: name, actor: actor, act: Self.destroyAct, object: name,
      detail: try certificate.recorded())
    try stored { () throws(StoreError) in
      try store.act(record) { (transaction) throws(StoreError) in
        // A launch that began meanwhile has keys that the certificate does not name.
        guard try transaction.envelopeDigests(tenant: name) == envelopes,
          try Vault.escrows(of: name, in: transaction) == escrows
        else {
          throw .conflict(kind: "tenant", name: name, reason: "was changed meanwhile")
        }
        try transaction.destroyTenant()
      }
    }
    return certificate
  }

  private static let destroyAct = "tenant.destroy"

  private func keptCertificate(of name: String) throws(CoreError) -> DestructionCertificate {
    let store = try storeOfEveryTenant()
    let entries = try stored { () throws(StoreError) in try store.auditEntries(tenant: name) }
    let record = entries.last { $0.record.act == Self.destroyAct && $0.outcome == "done" }?.record
    guard let record, let certificate = DestructionCertificate(recorded: record.detail) else {
      throw .store(.corrupt(file: store.file, reason: "tenant '\(name)' has no record of its destruction"))
    }
    return certificate
  }

  /// Throws while a guest of the tenant is active, or where that is not known.
  private func requireAtRest(_ name: String) throws(CoreError) {
    let store = try storeOfEveryTenant()
    let host = hostKey
    let (guests, launches) = try stored { () throws(StoreError) in
      (try store.guests(tenant: name), try store.launches(tenant: name))
    }
    if let far = guests.first(where: { $0.uri != host }) {
      throw .conflict(
        "tenant '\(name)' has guests on \(far.uri)", hint: "undefine them there first: -c \(far.uri)")
    }
    // A guest that was undefined while it ran runs on.
    let own = Set(guests.map(\.uuid) + launches.filter { $0.uri == host }.map(\.guestUUID))
    guard !own.isEmpty else { return }
    let active = try hosted { backend throws(BackendError) in
      try backend.guests(GuestFilter(active: true, inactive: false))
    }
    if let guest = active.first(where: { $0.state.isActive && own.contains($0.uuid.rawValue) }) {
      throw .conflict(
        "guest '\(guest.name)' of tenant '\(name)' is \(guest.state.rawValue)", hint: "destroy it first")
    }
  }
}
