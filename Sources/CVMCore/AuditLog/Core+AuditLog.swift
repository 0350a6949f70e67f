package import StateStore
import Vault

/// Reading the audit log.
extension Core {
  /// The tenant's records that a filter lets through, in order.
  /// - Parameter limit: the newest so many; nil for all.
  package func auditEntries(_ question: AuditQuestion, limit: Int?) throws(CoreError) -> [AuditEntry] {
    let filter = try question.filter(for: self)
    let store = try store()
    return try stored { () throws(StoreError) in
      try store.auditEntries(filter, limit: limit ?? .max, newest: limit != nil)
    }
  }

  /// As `auditEntries`, piece by piece: a log need not fit into memory.
  package func visitAudit(_ question: AuditQuestion, _ take: ([AuditEntry]) throws -> Void) throws {
    let filter = try question.filter(for: self)
    let store = try store()
    var next: Int64 = 1
    while true {
      let entries = try stored { () throws(StoreError) in
        try store.auditEntries(filter, from: next, limit: 1000)
      }
      guard let last = entries.last else { return }
      try take(entries)
      next = last.sequence + 1
    }
  }

  /// One record of the tenant, or anybody's. That of another tenant does not exist.
  package func auditEntry(_ sequence: Int64, ofEveryTenant: Bool) throws(CoreError) -> AuditEntry {
    if ofEveryTenant { try requireOperator("read every tenant's records") }
    let filter = AuditFilter(tenant: ofEveryTenant ? nil : tenant)
    let store = try store()
    let found = try stored { () throws(StoreError) in
      try store.auditEntries(filter, from: sequence, limit: 1)
    }
    guard let entry = found.first, entry.sequence == sequence else {
      throw .notFound(.auditRecord, String(sequence))
    }
    return entry
  }
}

/// Which records somebody asks for.
package struct AuditQuestion: Sendable {
  /// Everybody's, not the acting tenant's only.
  package var ofEveryTenant = false
  package var guest: String?
  package var act: String?
  package var since: AuditMoment?
  package var until: AuditMoment?

  package init() {}

  func filter(for core: Core) throws(CoreError) -> AuditFilter {
    if ofEveryTenant { try core.requireOperator("read every tenant's records") }
    return AuditFilter(
      tenant: ofEveryTenant ? nil : core.tenant, guest: guest, act: act, since: since?.moment,
      until: until?.moment)
  }
}
